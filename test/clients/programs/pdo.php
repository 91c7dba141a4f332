<?php
// The tests of PHP's PDO, each with prepared statements of the server and with emulated ones.
declare(strict_types=1);
require __DIR__ . '/harness.php';

$emulated = $argv[1] === 'emulated';

function connect(array $options = [], string $more = ''): PDO
{
    global $emulated;
    $dsn = 'mysql:host=' . setting('HOST') . ';port=' . setting('PORT') . ';dbname=' . setting('DATABASE') . ";charset=utf8mb4$more";
    return new PDO($dsn, setting('USER'), setting('PASSWORD'), $options + [PDO::ATTR_EMULATE_PREPARES => $emulated]);
}

function run(PDO $c, string $sql, array $parameters = []): array
{
    $s = $c->prepare($sql);
    $s->execute($parameters);
    return $s->columnCount() > 0 ? $s->fetchAll(PDO::FETCH_NUM) : [$s->rowCount()];
}

test('attributes', function (PDO $c) {
    assert($c->getAttribute(PDO::ATTR_SERVER_VERSION) !== '');
    assert(str_contains($c->getAttribute(PDO::ATTR_CONNECTION_STATUS), '127.0.0.1'));
    assert(str_contains($c->getAttribute(PDO::ATTR_SERVER_INFO), 'Uptime'));
});

foreach (values() as $index => [$type, $value]) {
    test("type $index $type", function (PDO $c) use ($index, $type, $value) {
        $c->exec("CREATE TABLE t_$index (id INT PRIMARY KEY, a $type NULL)");
        same(run($c, "INSERT INTO t_$index VALUES (?, ?)", [1, $value]), [1]);
        same(run($c, "INSERT INTO t_$index VALUES (:id, :a)", ['id' => 2, 'a' => null]), [1]);
        $rows = run($c, "SELECT a FROM t_$index ORDER BY id");
        same((string) $rows[0][0], $value);
        same($rows[1][0], null);
    });
}

test('native types', function (PDO $c) {
    same(run($c, "SELECT 1, 1.5e0, 'a', NULL, 9223372036854775807"), [[1, 1.5, 'a', null, PHP_INT_MAX]]);
    $s = $c->prepare('SELECT ? + 1, ?, ?');
    $s->bindValue(1, 41, PDO::PARAM_INT);
    $s->bindValue(2, null, PDO::PARAM_NULL);
    $s->bindValue(3, 'é', PDO::PARAM_STR);
    $s->execute();
    same((int) $s->fetch(PDO::FETCH_NUM)[0], 42);
});

test('limit with bound integers', function (PDO $c) {
    $c->exec('CREATE TABLE limited (id INT PRIMARY KEY)');
    $c->exec('INSERT INTO limited VALUES (1),(2),(3),(4)');
    $s = $c->prepare('SELECT id FROM limited ORDER BY id LIMIT :n OFFSET :m');
    $s->bindValue('n', 2, PDO::PARAM_INT);
    $s->bindValue('m', 1, PDO::PARAM_INT);
    $s->execute();
    same($s->fetchAll(PDO::FETCH_COLUMN), [2, 3]);
});

test('errors', function (PDO $c) {
    $c->exec('CREATE TABLE errors (id INT PRIMARY KEY)');
    run($c, 'INSERT INTO errors VALUES (1)');
    foreach ([['INSERT INTO errors VALUES (1)', '23000', 1062], ['SELEC 1', '42000', 1064],
        ['SELECT * FROM missing', '42S02', 1146], ['SELECT missing', '42S22', 1054]] as [$sql, $state, $number]) {
        $error = fails(fn() => run($c, $sql));
        same([$error->errorInfo[0], $error->errorInfo[1]], [$state, $number]);
    }
    $c->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_SILENT);
    same($c->exec('SELEC 1'), false);
    same($c->errorCode(), '42000');
});

test('transactions', function (PDO $c) {
    $c->exec('CREATE TABLE tx (id INT PRIMARY KEY)');
    $c->beginTransaction();
    same($c->inTransaction(), true);
    run($c, 'INSERT INTO tx VALUES (1)');
    $c->rollBack();
    same($c->inTransaction(), false);
    $c->beginTransaction();
    run($c, 'INSERT INTO tx VALUES (2)');
    $c->commit();
    $c->beginTransaction();
    $c->exec('CREATE TABLE ends_it (a INT)');
    same($c->inTransaction(), false);
    same(run(connect(), 'SELECT id FROM tx'), [[2]]);
    $c->setAttribute(PDO::ATTR_AUTOCOMMIT, 0);
    run($c, 'INSERT INTO tx VALUES (3)');
    $c->setAttribute(PDO::ATTR_AUTOCOMMIT, 1);
    same(count(run(connect(), 'SELECT id FROM tx')), 2);
});

test('last insert id and row count', function (PDO $c) {
    $c->exec('CREATE TABLE ids (id INT AUTO_INCREMENT PRIMARY KEY, a INT)');
    same(run($c, 'INSERT INTO ids (a) VALUES (?), (?)', [1, 2]), [2]);
    same($c->lastInsertId(), '1');
    same($c->exec('UPDATE ids SET a = 1'), 1);
    $d = connect([PDO::MYSQL_ATTR_FOUND_ROWS => true]);
    same($d->exec('UPDATE ids SET a = 1'), 2);
    same($c->exec('DELETE FROM ids'), 2);
});

test('unbuffered queries', function () {
    $c = connect([PDO::MYSQL_ATTR_USE_BUFFERED_QUERY => false]);
    $c->exec('CREATE TABLE big (id INT PRIMARY KEY)');
    $c->exec('INSERT INTO big VALUES ' . implode(',', array_map(fn($n) => "($n)", range(1, 5000))));
    $s = $c->prepare('SELECT id FROM big ORDER BY id');
    $s->execute();
    same((int) $s->fetchColumn(), 1);
    $s->closeCursor();
    same((int) $c->query('SELECT 3')->fetchColumn(), 3);
});

test('several results', function () {
    // The server prepares one statement at a time.
    $c = connect([PDO::ATTR_EMULATE_PREPARES => true]);
    $c->exec('CREATE TABLE several (a INT)');
    $s = $c->query('SELECT 1; INSERT INTO several VALUES (1), (2); SELECT a FROM several');
    same((int) $s->fetchColumn(), 1);
    assert($s->nextRowset());
    assert($s->nextRowset());
    same(count($s->fetchAll()), 2);
    same($s->nextRowset(), false);
    $d = connect([PDO::MYSQL_ATTR_MULTI_STATEMENTS => false]);
    same(fails(fn() => $d->query('SELECT 1; SELECT 2'))->errorInfo[1], 1064);
});

test('stored procedure', function (PDO $c) {
    $c->exec('CREATE PROCEDURE p (IN a INT, OUT b INT) BEGIN SELECT a; SELECT a + 1; SET b = a * 2; END');
    $s = $c->prepare('CALL p(?, @b)');
    $s->execute([20]);
    same((int) $s->fetchColumn(), 20);
    $s->nextRowset();
    same((int) $s->fetchColumn(), 21);
    $s->closeCursor();
    same((int) $c->query('SELECT @b')->fetchColumn(), 40);
});

test('fetch modes', function (PDO $c) {
    $sql = "SELECT 1 AS id, 'a' AS name UNION SELECT 2, 'b'";
    same($c->query($sql)->fetchAll(PDO::FETCH_KEY_PAIR), [1 => 'a', 2 => 'b']);
    same($c->query($sql)->fetchObject()->name, 'a');
    same($c->query($sql)->getColumnMeta(1)['name'], 'name');
    same(array_keys($c->query($sql)->fetch(PDO::FETCH_BOTH)), ['id', 0, 'name', 1]);
});

test('blobs by stream', function (PDO $c) {
    $c->exec('CREATE TABLE streamed (a LONGBLOB)');
    $stream = fopen('php://memory', 'r+');
    fwrite($stream, str_repeat("\0\1\2'\\", 400000));
    rewind($stream);
    $s = $c->prepare('INSERT INTO streamed VALUES (?)');
    $s->bindParam(1, $stream, PDO::PARAM_LOB);
    $s->execute();
    same(md5($c->query('SELECT a FROM streamed')->fetchColumn()), md5(str_repeat("\0\1\2'\\", 400000)));
});

test('init command, charset and tls', function () {
    $c = connect([PDO::MYSQL_ATTR_INIT_COMMAND => "SET @i = 3, time_zone = '+02:00'"]);
    same(run($c, 'SELECT @@time_zone, @@character_set_client'), [['+02:00', 'utf8mb4']]);
    $d = connect([PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT => false, PDO::MYSQL_ATTR_SSL_CIPHER => 'DEFAULT']);
    same((int) $d->query('SELECT 5')->fetchColumn(), 5);
    $e = connect([PDO::MYSQL_ATTR_COMPRESS => true]);
    same(strlen($e->query("SELECT REPEAT('x', 1000000)")->fetchColumn()), 1000000);
});

test('persistent', function () {
    foreach ([1, 2] as $n) {
        $c = connect([PDO::ATTR_PERSISTENT => true]);
        same((int) $c->query('SELECT 1')->fetchColumn(), 1);
        $c = null;
    }
});

test('prepared statement repeated many times', function (PDO $c) {
    $c->exec('CREATE TABLE repeated (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(20))');
    $s = $c->prepare('INSERT INTO repeated (a) VALUES (?)');
    for ($n = 0; $n < 300; $n++) {
        $s->execute(["row $n"]);
    }
    $all = [];
    for ($n = 0; $n < 300; $n++) {
        $all[] = $c->prepare("SELECT a FROM repeated WHERE id = ? AND $n = $n");
    }
    foreach ($all as $n => $one) {
        $one->execute([$n + 1]);
        same($one->fetchColumn(), "row $n");
    }
});

runTests(fn() => connect());
