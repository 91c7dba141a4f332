# The tests of Perl's DBD::MariaDB, each with statements as text and prepared by the server.
use strict;
use warnings;
use utf8;
use DBI;

binmode(STDOUT, ':utf8');
$| = 1;
my $native = $ARGV[0] eq 'native';
my @tests;

sub test { push @tests, [@_]; }

sub connect_to {
    my (%options) = @_;
    my $more = delete $options{dsn} // '';
    my $dsn = "DBI:MariaDB:database=$ENV{CLIENT_DATABASE};host=$ENV{CLIENT_HOST};"
        . "port=$ENV{CLIENT_PORT}$more";
    return DBI->connect($dsn, $ENV{CLIENT_USER}, $ENV{CLIENT_PASSWORD},
        { RaiseError => 1, PrintError => 0, AutoCommit => 1,
          mariadb_server_prepare => $native, %options });
}

sub same {
    my ($found, $expected) = @_;
    my $show = sub { my ($v) = @_; defined $v ? substr($v, 0, 200) : 'undef' };
    return if !defined $found && !defined $expected;
    return if defined $found && defined $expected && $found eq $expected;
    die $show->($found) . ' is not ' . $show->($expected) . "\n";
}

sub fails {
    my ($body, $number, $state) = @_;
    eval { $body->(); 1 } and die "no error $number\n";
    same($DBI::err, $number);
    same($DBI::state, $state) if defined $state;
}

test 'information', sub {
    my ($c) = @_;
    same($c->{mariadb_thread_id}, ($c->selectrow_array('SELECT CONNECTION_ID()'))[0]);
    same($c->{mariadb_hostinfo} =~ /127\.0\.0\.1/ ? 1 : 0, 1);
    same($c->{mariadb_stat} =~ /Uptime/ ? 1 : 0, 1);
    same($c->ping ? 1 : 0, 1);
    same($c->get_info(17) =~ /MariaDB|MySQL/ ? 1 : 0, 1);
};

my @values = (
    ['TINYINT', -128], ['BIGINT', '-9223372036854775808'],
    ['BIGINT UNSIGNED', '18446744073709551615'],
    ['DECIMAL(30,10)', '-12345678901234567890.0123456789'], ['DOUBLE', 0.1], ['DATE', '2024-02-29'],
    ['DATETIME(6)', '2024-01-01 00:00:00.000001'], ['TIMESTAMP(3)', '2037-12-31 11:59:59.123'],
    ['TIME', '-838:59:59'], ['TIME(6)', '12:00:00.500000'], ['YEAR', '2024'],
    ['VARCHAR(50)', "quo'te \"double\" \\ back\nline"], ['VARCHAR(50)', ''],
    ['TEXT', "é☃😀" x 100], ['LONGTEXT', 'x' x 100000], ["ENUM('a','b')", 'b'],
    ["SET('x','y','z')", 'x,z'],
);
for my $index (0 .. $#values) {
    my ($type, $value) = @{$values[$index]};
    test "type $index $type", sub {
        my ($c) = @_;
        $c->do("CREATE TABLE t_$index (id INT PRIMARY KEY, a $type NULL)");
        same($c->do("INSERT INTO t_$index VALUES (?, ?)", undef, 1, $value), 1);
        same($c->do("INSERT INTO t_$index VALUES (?, ?)", undef, 2, undef), 1);
        my $rows = $c->selectall_arrayref("SELECT a FROM t_$index ORDER BY id");
        same($rows->[0][0], $value);
        same($rows->[1][0], undef);
    };
}

test 'blobs with every byte', sub {
    my ($c) = @_;
    my $value = join('', map { chr } 0 .. 255) x 2000;
    $c->do('CREATE TABLE bytes (a LONGBLOB)');
    my $s = $c->prepare('INSERT INTO bytes VALUES (?)');
    $s->bind_param(1, $value, DBI::SQL_BLOB());
    $s->execute;
    same(($c->selectrow_array('SELECT a FROM bytes'))[0], $value);
};

test 'errors', sub {
    my ($c) = @_;
    $c->do('CREATE TABLE errors (id INT PRIMARY KEY)');
    $c->do('INSERT INTO errors VALUES (1)');
    fails(sub { $c->do('INSERT INTO errors VALUES (1)') }, 1062, '23000');
    fails(sub { $c->do('SELEC 1') }, 1064, '42000');
    fails(sub { $c->do('DELETE FROM missing') }, 1146, '42S02');
    fails(sub { $c->selectall_arrayref('SELECT missing') }, 1054, '42S22');
    fails(sub { connect_to(dsn => ';mariadb_init_command=SELEC') }, 1064);
    same($c->errstr =~ /missing/ ? 1 : 0, 1);
};

test 'transactions', sub {
    my ($c) = @_;
    $c->do('CREATE TABLE tx (id INT PRIMARY KEY)');
    $c->begin_work;
    $c->do('INSERT INTO tx VALUES (1)');
    $c->rollback;
    $c->{AutoCommit} = 0;
    $c->do('INSERT INTO tx VALUES (2)');
    $c->commit;
    $c->do('INSERT INTO tx VALUES (3)');
    $c->{AutoCommit} = 1;
    same(join(',', @{connect_to()->selectcol_arrayref('SELECT id FROM tx ORDER BY id')}), '2,3');
};

test 'last insert id', sub {
    my ($c) = @_;
    $c->do('CREATE TABLE ids (id INT AUTO_INCREMENT PRIMARY KEY, a INT)');
    my $s = $c->prepare('INSERT INTO ids (a) VALUES (?)');
    for my $n (1 .. 20) {
        $s->execute($n);
        same($s->{mariadb_insertid}, $n);
    }
    same($c->last_insert_id(undef, undef, 'ids', 'id'), 20);
};

test 'rows', sub {
    my ($c) = @_;
    $c->do('CREATE TABLE counted (id INT PRIMARY KEY, a INT)');
    same($c->do('INSERT INTO counted VALUES (1,1),(2,2),(3,3)'), 3);
    same($c->do('UPDATE counted SET a = 1'), 3);
    same(connect_to(dsn => ';mariadb_client_found_rows=0')->do('UPDATE counted SET a = 2 WHERE id < 3'), 2);
    same(connect_to(dsn => ';mariadb_client_found_rows=0')->do('UPDATE counted SET a = 2'), 1);
    same($c->do('DELETE FROM counted WHERE id = 9'), '0E0');
    my $s = $c->prepare('SELECT * FROM counted');
    $s->execute;
    same($s->rows, 3);
    $s->finish;
};

test 'columns', sub {
    my ($c) = @_;
    $c->do('CREATE TABLE columns_of (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, t VARCHAR(9) NOT NULL, b BLOB)');
    my $s = $c->prepare('SELECT id, t, b FROM columns_of');
    $s->execute;
    same(join(',', @{$s->{NAME}}), 'id,t,b');
    same(join(',', map { $_ ? 1 : 0 } @{$s->{mariadb_is_auto_increment}}), '1,0,0');
    same(join(',', map { $_ ? 1 : 0 } @{$s->{NULLABLE}}), '0,0,1');
    same(join(',', map { $_ ? 1 : 0 } @{$s->{mariadb_is_blob}}), '0,0,1');
    same(join(',', @{$s->{mariadb_table}}), 'columns_of,columns_of,columns_of');
    $s->finish;
    my $info = $c->column_info(undef, undef, 'columns_of', '%')->fetchall_arrayref({});
    same(join(',', map { $_->{COLUMN_NAME} } @$info), 'id,t,b');
    same(join(',', $c->primary_key(undef, undef, 'columns_of')), 'id');
    same(scalar(grep { /columns_of/ } $c->tables), 1);
};

test 'several results', sub {
    my $c = connect_to(dsn => ';mariadb_multi_statements=1', mariadb_server_prepare => 0);
    my $s = $c->prepare('SELECT 1; SELECT 2, 3; DO 1');
    $s->execute;
    same(($s->fetchrow_array)[0], 1);
    same($s->more_results ? 1 : 0, 1);
    same(join(',', $s->fetchrow_array), '2,3');
    same($s->more_results ? 1 : 0, 1);
    same($s->more_results ? 1 : 0, 0);
};

test 'stored procedure', sub {
    my ($c) = @_;
    $c->do('CREATE PROCEDURE p (IN a INT, OUT b INT) BEGIN SELECT a; SELECT a + 1; SET b = a * 2; END');
    my $s = $c->prepare('CALL p(20, @b)', { mariadb_server_prepare => 0 });
    $s->execute;
    same(($s->fetchrow_array)[0], 20);
    $s->more_results;
    same(($s->fetchrow_array)[0], 21);
    $s->more_results;
    $s->finish;
    same(($c->selectrow_array('SELECT @b'))[0], 40);
};

test 'warnings', sub {
    my ($c) = @_;
    $c->do("SET sql_mode = ''");
    $c->do('CREATE TABLE warned (a TINYINT)');
    my $s = $c->prepare("INSERT INTO warned VALUES (300), ('x')");
    $s->execute;
    same($s->{mariadb_warning_count}, 2);
    my $shown = $c->prepare('SHOW WARNINGS', { mariadb_server_prepare => 0 });
    same(join(',', map { $_->[1] } @{$c->selectall_arrayref($shown)}), '1264,1366');
};

test 'compression', sub {
    my $c = connect_to(dsn => ';mariadb_compression=1');
    same(length(($c->selectrow_array("SELECT REPEAT('x', 2000000)"))[0]), 2000000);
};

test 'large packets', sub {
    my ($c) = @_;
    my $value = '0123456789abcdef' x 1200000;
    $c->do('CREATE TABLE large (a LONGTEXT)');
    $c->do('INSERT INTO large VALUES (?)', undef, $value);
    same(($c->selectrow_array('SELECT LENGTH(a) FROM large'))[0], length $value);
    same(($c->selectrow_array('SELECT a FROM large'))[0], $value);
};

test 'reconnects after its connection was ended', sub {
    my $c = connect_to(mariadb_auto_reconnect => 1);
    my $id = $c->{mariadb_thread_id};
    connect_to()->do("KILL $id");
    select(undef, undef, undef, 0.3);
    same(($c->selectrow_array('SELECT 7'))[0], 7);
    same($c->{mariadb_thread_id} == $id ? 1 : 0, 0);
};

test 'asynchronous query', sub {
    my ($c) = @_;
    my $s = $c->prepare('SELECT SLEEP(0.2), 5', { mariadb_async => 1, mariadb_server_prepare => 0 });
    $s->execute;
    select(undef, undef, undef, 0.05) until $s->mariadb_async_ready;
    $s->mariadb_async_result;
    same(($s->fetchrow_array)[1], 5);
};

test 'load data local', sub {
    my $c = connect_to(dsn => ';mariadb_local_infile=1', mariadb_server_prepare => 0);
    my $file = "$ENV{CLIENT_FOLDER}/rows.csv";
    open(my $out, '>', $file) or die;
    print $out "1\tone\n2\ttwo\n";
    close $out;
    $c->do('CREATE TABLE loaded (id INT PRIMARY KEY, a VARCHAR(9))');
    same($c->do("LOAD DATA LOCAL INFILE '$file' INTO TABLE loaded"), 2);
    same(join(',', @{$c->selectcol_arrayref('SELECT a FROM loaded ORDER BY id')}), 'one,two');
};

for my $one (@tests) {
    my ($name, $body) = @$one;
    my $c = eval { connect_to() };
    my $passed = eval { die $@ if !$c; $body->($c); 1 };
    my $error = $@ =~ s/\s+/ /gr;
    print $passed ? "ok $name\n" : "not ok $name: $error\n";
    eval { $c->disconnect } if $c;
}
