<?php
// The tests of PHP's mysqli.
declare(strict_types=1);
require __DIR__ . '/harness.php';

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

function connect(int $flags = 0, ?callable $prepare = null, ?string $user = null, ?string $password = null): mysqli
{
    $c = mysqli_init();
    if ($prepare !== null) {
        $prepare($c);
    }
    $c->real_connect(setting('HOST'), $user ?? setting('USER'), $password ?? setting('PASSWORD'),
        setting('DATABASE'), (int) setting('PORT'), null, $flags);
    $c->set_charset('utf8mb4');
    return $c;
}

function one(mysqli $c, string $sql): mixed
{
    return $c->query($sql)->fetch_row()[0];
}

test('info', function (mysqli $c) {
    same($c->protocol_version, 10);
    same(one($c, 'SELECT CONNECTION_ID()'), (string) $c->thread_id);
    assert(str_contains($c->host_info, '127.0.0.1'));
    assert($c->server_version > 50000);
    assert(str_contains($c->stat(), 'Uptime'));
    same($c->get_charset()->charset, 'utf8mb4');
    same($c->character_set_name(), 'utf8mb4');
});

test('errors', function (mysqli $c) {
    $c->query('CREATE TABLE errors (id INT PRIMARY KEY, a VARCHAR(2) NOT NULL)');
    $c->query("INSERT INTO errors VALUES (1, 'a')");
    foreach ([['SELEC 1', 1064, '42000'], ['SELECT * FROM missing', 1146, '42S02'],
        ["INSERT INTO errors VALUES (1, 'a')", 1062, '23000'], ['SELECT missing', 1054, '42S22'],
        ['INSERT INTO errors VALUES (2, NULL)', 1048, '23000'], ["INSERT INTO errors VALUES (2, 'abc')", 1406, '22001'],
        ['DROP TABLE missing', 1051, '42S02'], ['USE missing', 1049, '42000'], ['KILL 99999999', 1094, 'HY000']] as [$sql, $number, $state]) {
        $error = fails(fn() => $c->query($sql));
        same([$error->getCode(), $error->getSqlState(), $c->errno, $c->sqlstate], [$number, $state, $number, $state]);
        same($c->error_list[0]['errno'], $number);
    }
});

test('denied', function () {
    same(fails(fn() => connect(0, null, null, 'wrong'))->getCode(), 1045);
    same(fails(fn() => connect(0, null, 'nobody', 'x'))->getCode(), 1045);
});

foreach (values() as $index => [$type, $value]) {
    foreach (['text', 'prepared'] as $how) {
        test("type $index $type, $how", function (mysqli $c) use ($index, $type, $value, $how) {
            $table = "t_{$how}_$index";
            $c->query("CREATE TABLE $table (id INT PRIMARY KEY, a $type NULL)");
            if ($how === 'text') {
                $c->query("INSERT INTO $table VALUES (1, '{$c->real_escape_string($value)}'), (2, NULL)");
                $rows = $c->query("SELECT a FROM $table ORDER BY id")->fetch_all();
            } else {
                $s = $c->prepare("INSERT INTO $table VALUES (?, ?)");
                foreach ([[1, $value], [2, null]] as [$id, $a]) {
                    $s->bind_param('is', $id, $a);
                    $s->execute();
                }
                $s = $c->prepare("SELECT a FROM $table ORDER BY id");
                $s->execute();
                $rows = $s->get_result()->fetch_all();
            }
            same((string) $rows[0][0], rtrim($value) === '' ? $value : (string) $value);
            same($rows[1][0], null);
        });
    }
}

test('native types of prepared statements', function (mysqli $c) {
    $s = $c->prepare("SELECT ? + 0, ?, ? + 0e0, NULL, CAST(1.50 AS DECIMAL(5,2)), 9223372036854775807");
    $i = PHP_INT_MAX;
    $t = 'text';
    $d = 1.25;
    $s->bind_param('isd', $i, $t, $d);
    $s->execute();
    same($s->get_result()->fetch_row(), [PHP_INT_MAX, 'text', 1.25, null, '1.50', PHP_INT_MAX]);
    same($s->param_count, 3);
    same($s->field_count, 6);
});

test('prepared statements again and again', function (mysqli $c) {
    $c->query('CREATE TABLE again (id INT AUTO_INCREMENT PRIMARY KEY, a INT)');
    $s = $c->prepare('INSERT INTO again (a) VALUES (?)');
    for ($a = 1; $a <= 50; $a++) {
        $s->bind_param('i', $a);
        $s->execute();
        same([$s->insert_id, $s->affected_rows], [$a, 1]);
    }
    $c->query('ALTER TABLE again ADD COLUMN b INT DEFAULT 7');
    $r = $c->prepare('SELECT * FROM again WHERE id = ?');
    $c->query('ALTER TABLE again ADD COLUMN d INT DEFAULT 8');
    $id = 3;
    $r->bind_param('i', $id);
    $r->execute();
    same($r->get_result()->fetch_assoc(), ['id' => 3, 'a' => 3, 'b' => 7, 'd' => 8]);
    $r->reset();
    $r->close();
    same(fails(fn() => $c->prepare('SELECT * FROM missing'))->getCode(), 1146);
    same(fails(fn() => $c->prepare('SELEC'))->getCode(), 1064);
    same($c->execute_query('SELECT a FROM again WHERE id IN (?, ?)', [1, 2])->fetch_all(), [[1], [2]]);
});

test('bind_result and store_result', function (mysqli $c) {
    $s = $c->prepare('SELECT 1, \'a\' UNION SELECT 2, \'b\'');
    $s->execute();
    $s->store_result();
    same($s->num_rows, 2);
    $s->bind_result($n, $t);
    $s->fetch();
    same([$n, $t], [1, 'a']);
    $s->data_seek(1);
    $s->fetch();
    same([$n, $t], [2, 'b']);
    same($s->fetch(), null);
});

test('server-side cursor', function (mysqli $c) {
    $c->query('CREATE TABLE cursed (id INT PRIMARY KEY)');
    $c->query('INSERT INTO cursed VALUES ' . implode(',', array_map(fn($n) => "($n)", range(1, 1000))));
    $s = $c->prepare('SELECT id FROM cursed ORDER BY id');
    $s->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
    $s->execute();
    $s->bind_result($id);
    $s->fetch();
    $s->fetch();
    same($id, 2);
    same(one($c, 'SELECT 42'), '42');
    $sum = 3;
    while ($s->fetch()) {
        $sum += $id;
    }
    same($sum, 500500);
});

test('long data', function (mysqli $c) {
    $c->query('CREATE TABLE long_data (id INT PRIMARY KEY, a LONGBLOB)');
    $s = $c->prepare('INSERT INTO long_data VALUES (1, ?)');
    $null = null;
    $s->bind_param('b', $null);
    for ($n = 0; $n < 40; $n++) {
        $s->send_long_data(0, str_repeat(chr($n), 50000));
    }
    $s->execute();
    same(one($c, 'SELECT CONCAT(LENGTH(a), HEX(SUBSTRING(a, 50000, 2))) FROM long_data'), '20000000001');
});

test('many parameters', function (mysqli $c) {
    $values = range(1, 2000);
    $s = $c->prepare('SELECT ' . implode(', ', array_fill(0, 2000, '?')));
    $s->bind_param(str_repeat('i', 2000), ...$values);
    $s->execute();
    same($s->get_result()->fetch_row(), $values);
});

test('affected rows, found rows and info', function (mysqli $c) {
    $c->query('CREATE TABLE affected (id INT PRIMARY KEY, a INT)');
    $c->query('INSERT INTO affected VALUES (1,1),(2,2),(3,3)');
    same([$c->affected_rows, $c->info], [3, 'Records: 3  Duplicates: 0  Warnings: 0']);
    $c->query('UPDATE affected SET a = 1');
    same([$c->affected_rows, $c->info], [2, 'Rows matched: 3  Changed: 2  Warnings: 0']);
    $c->query('SELECT * FROM affected');
    same($c->affected_rows, 3);
    $c->query('ALTER TABLE affected ADD COLUMN b INT');
    assert(str_starts_with((string) $c->info, 'Records: '));
    $d = connect(MYSQLI_CLIENT_FOUND_ROWS);
    $d->query('UPDATE affected SET a = 1');
    same($d->affected_rows, 3);
});

test('insert id', function (mysqli $c) {
    $c->query('CREATE TABLE ids (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a INT)');
    $c->query('INSERT INTO ids VALUES (9223372036854775808, 1)');
    same($c->insert_id, '9223372036854775808');
    $c->query('INSERT INTO ids (a) VALUES (2)');
    same($c->insert_id, '9223372036854775809');
    $c->query('SELECT 1');
    same($c->insert_id, 0);
});

test('warnings', function (mysqli $c) {
    $c->query("SET sql_mode = ''");
    $c->query('CREATE TABLE warned (a TINYINT)');
    $c->query("INSERT INTO warned VALUES (300), ('x')");
    same($c->warning_count, 2);
    $w = $c->get_warnings();
    same([$w->errno, $w->sqlstate !== ''], [1264, true]);
    $w->next();
    same($w->errno, 1366);
});

test('transactions and savepoints', function (mysqli $c) {
    $c->query('CREATE TABLE tx (id INT PRIMARY KEY)');
    $c->begin_transaction(MYSQLI_TRANS_START_WITH_CONSISTENT_SNAPSHOT);
    $c->query('INSERT INTO tx VALUES (1)');
    $c->savepoint('one');
    $c->query('INSERT INTO tx VALUES (2)');
    $c->query('ROLLBACK TO one');
    $c->release_savepoint('one');
    $c->commit();
    same($c->query('SELECT id FROM tx')->fetch_all(), [['1']]);
    $c->autocommit(false);
    $c->query('INSERT INTO tx VALUES (3)');
    $c->rollback();
    $c->query('INSERT INTO tx VALUES (4)');
    $c->autocommit(true);
    same(one(connect(), 'SELECT GROUP_CONCAT(id ORDER BY id) FROM tx'), '1,4');
    $c->begin_transaction(MYSQLI_TRANS_START_READ_ONLY);
    same(fails(fn() => $c->query('INSERT INTO tx VALUES (5)'))->getCode(), 1792);
    $c->commit(MYSQLI_TRANS_COR_AND_CHAIN);
    $c->rollback();
});

test('multi_query', function (mysqli $c) {
    $c->query('CREATE TABLE multi (a INT)');
    $c->multi_query('SELECT 1; INSERT INTO multi VALUES (1),(2); SELECT a FROM multi; SELECT * FROM missing; SELECT 9');
    $found = [];
    do {
        $r = $c->store_result();
        $found[] = $r ? $r->fetch_all() : $c->affected_rows;
    } while ($c->more_results() && quiet(fn() => $c->next_result()));
    same($found, [[['1']], 2, [['1'], ['2']]]);
    same($c->errno, 1146);
    same(one($c, 'SELECT 7'), '7');
    same(fails(fn() => $c->query('SELECT 1; SELECT 2'))->getCode(), 1064);
});

function quiet(callable $body): bool
{
    try {
        return $body();
    } catch (mysqli_sql_exception) {
        return false;
    }
}

test('stored procedures', function (mysqli $c) {
    $c->query('CREATE TABLE called (a INT)');
    $c->query('CREATE PROCEDURE p (IN a INT, OUT b INT) BEGIN SELECT a; INSERT INTO called VALUES (a); SELECT COUNT(*) FROM called; SET b = a * 2; END');
    $c->multi_query('CALL p(21, @b)');
    $found = [];
    do {
        if ($r = $c->store_result()) {
            $found[] = $r->fetch_all();
        }
    } while ($c->next_result());
    same($found, [[['21']], [['1']]]);
    same(one($c, 'SELECT @b'), '42');
    $s = $c->prepare('CALL p(?, @b)');
    $a = 4;
    $s->bind_param('i', $a);
    $s->execute();
    $found = [];
    do {
        if ($r = $s->get_result()) {
            $found[] = $r->fetch_all();
        }
    } while ($s->next_result());
    same($found, [[[4]], [[2]]]);
    same(one($c, 'SELECT @b'), '8');
});

test('unbuffered result', function (mysqli $c) {
    $c->query('CREATE TABLE big (id INT PRIMARY KEY, a VARCHAR(500))');
    $c->query('INSERT INTO big VALUES ' . implode(',', array_map(fn($n) => "($n, REPEAT('x', 500))", range(1, 10000))));
    $r = $c->query('SELECT * FROM big', MYSQLI_USE_RESULT);
    same(fails(fn() => $c->query('SELECT 1'))->getCode(), 2014);
    $count = 0;
    while ($r->fetch_row()) {
        $count++;
    }
    same($count, 10000);
    $r = $c->query('SELECT * FROM big', MYSQLI_USE_RESULT);
    $r->fetch_row();
    $r->free();
    same(one($c, 'SELECT 1'), '1');
});

test('asynchronous queries', function () {
    $all = [connect(), connect(), connect()];
    foreach ($all as $n => $d) {
        $d->query("SELECT $n, SLEEP(0.1)", MYSQLI_ASYNC);
    }
    $found = [];
    while (count($found) < 3) {
        $read = $error = $reject = array_values(array_filter($all, fn($d) => !isset($found[$d->thread_id])));
        mysqli_poll($read, $error, $reject, 5);
        foreach ($read as $d) {
            $found[$d->thread_id] = $d->reap_async_query()->fetch_row()[0];
        }
    }
    sort($found);
    same($found, ['0', '1', '2']);
});

test('charsets', function (mysqli $c) {
    $c->query('CREATE TABLE charsets (a VARCHAR(20)) CHARACTER SET utf8mb4');
    $c->set_charset('latin1');
    $c->query("INSERT INTO charsets VALUES ('\xe9')");
    same(one($c, 'SELECT a FROM charsets'), "\xe9");
    same(one($c, 'SELECT @@character_set_client'), 'latin1');
    $c->set_charset('utf8mb4');
    same(one($c, 'SELECT a FROM charsets'), 'é');
    $c->set_charset('gbk');
    same($c->real_escape_string("\xbf'"), "\\\xbf\\'");
    same(one($c, "SELECT HEX('\xc4\xe3')"), 'C4E3');
    same($c->query("SELECT '\xc4\x5c' AS a")->fetch_row()[0], "\xc4\x5c");
});

test('fields', function (mysqli $c) {
    $c->query('CREATE TABLE fields (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, t VARCHAR(9) NOT NULL, b BLOB, UNIQUE KEY (t))');
    $f = $c->query('SELECT f.id AS n, f.t, f.b FROM fields f')->fetch_fields();
    same(array_map(fn($x) => [$x->name, $x->orgname, $x->table, $x->orgtable, $x->db], $f), [
        ['n', 'id', 'f', 'fields', 'app'], ['t', 't', 'f', 'fields', 'app'], ['b', 'b', 'f', 'fields', 'app']]);
    same($f[0]->flags & (MYSQLI_PRI_KEY_FLAG | MYSQLI_AUTO_INCREMENT_FLAG | MYSQLI_UNSIGNED_FLAG),
        MYSQLI_PRI_KEY_FLAG | MYSQLI_AUTO_INCREMENT_FLAG | MYSQLI_UNSIGNED_FLAG);
    same([$f[1]->type, $f[1]->length, $f[2]->type], [MYSQLI_TYPE_VAR_STRING, 36, MYSQLI_TYPE_BLOB]);
});

test('select_db, ping and change_user', function (mysqli $c) {
    $c->query('CREATE DATABASE second');
    $c->select_db('second');
    same(one($c, 'SELECT DATABASE()'), 'second');
    $c->query('SET @a = 1');
    assert($c->ping());
    $c->change_user(setting('USER'), setting('PASSWORD'), 'app');
    same($c->query('SELECT DATABASE(), @a')->fetch_row(), ['app', null]);
    $c->query('DROP DATABASE second');
});

test('options', function () {
    $c = connect(0, function ($c) {
        $c->options(MYSQLI_INIT_COMMAND, 'SET @init = 5');
        $c->options(MYSQLI_OPT_INT_AND_FLOAT_NATIVE, 1);
        $c->options(MYSQLI_OPT_CONNECT_TIMEOUT, 5);
    });
    same($c->query('SELECT @init, 1.5e0')->fetch_row(), [5, 1.5]);
});

test('read timeout', function () {
    $c = connect(0, fn($c) => $c->options(MYSQLI_OPT_READ_TIMEOUT, 1));
    $error = null;
    try {
        $c->query('SELECT SLEEP(5)');
    } catch (Throwable $error) {
    }
    assert($error !== null);
    same(one(connect(), 'SELECT 1'), '1');
});

test('compression', function () {
    $c = connect(MYSQLI_CLIENT_COMPRESS);
    same(strlen(one($c, "SELECT REPEAT('abc', 1000000)")), 3000000);
    same(strlen(one($c, "SELECT '" . str_repeat('x', 2000000) . "'")), 2000000);
});

test('tls', function () {
    $c = connect(MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT, fn($c) => $c->ssl_set(null, null, null, null, null));
    assert($c->query("SHOW STATUS LIKE 'Ssl_cipher'")->fetch_row()[1] !== '');
    same(strlen(one($c, "SELECT REPEAT('abc', 100000)")), 300000);
});

test('large packets', function (mysqli $c) {
    $c->query('CREATE TABLE large (a LONGBLOB)');
    $data = str_repeat("0123456789abcdef\0'", 1000000);
    $c->query("INSERT INTO large VALUES ('" . $c->real_escape_string($data) . "')");
    same(md5(one($c, 'SELECT a FROM large')), md5($data));
});

test('kill', function (mysqli $c) {
    $d = connect();
    $c->query("KILL $d->thread_id");
    usleep(200000);
    fails(fn() => $d->query('SELECT 1'));
    same(one($c, 'SELECT 1'), '1');
});

test('load data local', function () {
    $c = connect(0, fn($c) => $c->options(MYSQLI_OPT_LOCAL_INFILE, true));
    $file = setting('FOLDER') . '/rows.csv';
    file_put_contents($file, "1\tone\n2\ttwo\n");
    $c->query('CREATE TABLE loaded (id INT PRIMARY KEY, a VARCHAR(9))');
    $c->query("LOAD DATA LOCAL INFILE '$file' INTO TABLE loaded");
    same([$c->affected_rows, $c->info], [2, 'Records: 2  Deleted: 0  Skipped: 0  Warnings: 0']);
    same($c->query('SELECT * FROM loaded ORDER BY id')->fetch_all(), [['1', 'one'], ['2', 'two']]);
});

test('persistent connections', function () {
    foreach ([1, 2, 3] as $n) {
        $c = new mysqli('p:' . setting('HOST'), setting('USER'), setting('PASSWORD'), 'app', (int) setting('PORT'));
        same(one($c, 'SELECT @kept'), null);
        $c->query('SET @kept = 1');
        $c->close();
    }
});

runTests(fn() => connect());
