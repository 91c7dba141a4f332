"""The tests of Python's drivers, PyMySQL and mysqlclient: `dbapi.py pymysql|MySQLdb`."""

import datetime
import decimal
import importlib
import os
import signal
import sys
import threading
import time
import traceback
import warnings

DRIVER = sys.argv[1]
driver = importlib.import_module(DRIVER)
cursors = importlib.import_module(DRIVER + '.cursors')
FIELD_TYPE = importlib.import_module(DRIVER + '.constants.FIELD_TYPE')
CLIENT = importlib.import_module(DRIVER + '.constants.CLIENT')
ENGINE = os.environ['CLIENT_ENGINE']
FOLDER = os.environ['CLIENT_FOLDER']
tests = []


def test(function):
    tests.append(function)
    return function


def connect(**options):
    settings = {
        'host': os.environ['CLIENT_HOST'],
        'port': int(os.environ['CLIENT_PORT']),
        'user': os.environ['CLIENT_USER'],
        'password': os.environ['CLIENT_PASSWORD'],
        'database': os.environ['CLIENT_DATABASE'],
        'charset': 'utf8mb4',
        'autocommit': True,
    }
    settings.update(options)
    return driver.connect(**settings)


def run(connection, sql, parameters=None):
    cursor = connection.cursor()
    cursor.execute(sql, parameters)
    rows = cursor.fetchall()
    cursor.close()
    return rows


def one(connection, sql, parameters=None):
    return run(connection, sql, parameters)[0][0]


def equal(found, expected):
    if found != expected:
        raise AssertionError(f'{found!r:.500} is not {expected!r:.500}')


def fails(kind, number, action):
    try:
        action()
    except kind as error:
        equal(error.args[0], number)
        return error
    raise AssertionError(f'no error {number}')


@test
def greeting(c):
    assert c.get_server_info()[0].isdigit()
    equal(c.get_proto_info(), 10)
    assert '127.0.0.1' in c.get_host_info()
    assert c.thread_id() > 0
    equal(one(c, 'SELECT CONNECTION_ID()'), c.thread_id())
    equal(one(c, 'SELECT VERSION()'), c.get_server_info())


@test
def default_database(c):
    equal(one(c, 'SELECT DATABASE()'), 'app')
    equal(one(connect(database=None or ''), 'SELECT DATABASE()'), None)


@test
def unknown_database(c):
    fails(driver.err.OperationalError if DRIVER == 'pymysql' else driver.OperationalError, 1049,
          lambda: connect(database='missing'))


@test
def wrong_password(c):
    fails(driver.OperationalError, 1045, lambda: connect(password='wrong'))


@test
def wrong_user(c):
    fails(driver.OperationalError, 1045, lambda: connect(user='nobody'))


@test
def select_db(c):
    run(c, 'CREATE DATABASE other')
    c.select_db('other')
    equal(one(c, 'SELECT DATABASE()'), 'other')
    run(c, 'CREATE TABLE t (a INT)')
    run(c, 'INSERT INTO t VALUES (1)')
    c.select_db('app')
    equal(one(c, 'SELECT COUNT(*) FROM other.t'), 1)
    run(c, 'DROP DATABASE other')
    fails(driver.OperationalError, 1049, lambda: c.select_db('other'))
    equal(one(c, 'SELECT DATABASE()'), 'app')


@test
def ping(c):
    c.ping()
    equal(one(c, 'SELECT 1'), 1)


@test
def init_command(c):
    d = connect(init_command="SET @first = 'yes', time_zone = '+03:00'")
    equal(run(d, 'SELECT @first, @@time_zone'), (('yes', '+03:00'),))


@test
def sql_mode_option(c):
    d = connect(sql_mode='ANSI_QUOTES')
    equal(one(d, 'SELECT @@sql_mode'), 'ANSI_QUOTES')
    run(d, 'CREATE TABLE "quoted name" (a INT)')
    run(d, 'INSERT INTO "quoted name" VALUES (3)')
    equal(one(d, 'SELECT a FROM "quoted name"'), 3)


for charset in ('utf8mb4', 'latin1', 'utf8', 'ascii', 'cp1250', 'greek', 'koi8r'):
    def charsets(c, charset=charset):
        d = connect(charset=charset)
        equal(one(d, 'SELECT @@character_set_client').replace('utf8mb3', 'utf8'), charset)
        text = {'utf8mb4': 'naïve ☃ 😀', 'latin1': 'naïve é', 'utf8': 'naïve ☃', 'ascii': 'naive',
                'cp1250': 'žluť', 'greek': 'αβγ', 'koi8r': 'привет'}[charset]
        table = f'charset_{charset}'
        run(c, f'CREATE TABLE {table} (a VARCHAR(50)) CHARACTER SET utf8mb4')
        run(d, f'INSERT INTO {table} VALUES (%s)', (text,))
        equal(one(d, f'SELECT a FROM {table} WHERE a = %s', (text,)), text)
        equal(one(c, f'SELECT a FROM {table}'), text)
    charsets.__name__ = f'charset_{charset}'
    test(charsets)


@test
def set_names_later(c):
    run(c, 'CREATE TABLE names (a VARCHAR(20)) CHARACTER SET utf8mb4')
    run(c, "SET NAMES latin1 COLLATE latin1_german1_ci")
    equal(one(c, 'SELECT @@collation_connection'), 'latin1_german1_ci')
    run(c, "INSERT INTO names VALUES (_latin1 x'e9')")
    run(c, 'SET NAMES utf8mb4')
    equal(one(c, 'SELECT a FROM names'), 'é')


VALUES = [
    ('TINYINT', -128), ('TINYINT UNSIGNED', 255), ('SMALLINT', -32768), ('MEDIUMINT', 8388607),
    ('INT', -2147483648), ('INT UNSIGNED', 4294967295), ('BIGINT', -9223372036854775808),
    ('BIGINT UNSIGNED', 18446744073709551615), ('DECIMAL(65,30)',
     decimal.Decimal('12345678901234567890123456789012345.123456789012345678901234567890')),
    ('DOUBLE', 1.7976931348623157e308), ('DOUBLE', 0.1), ('FLOAT', 0.5), ('BOOLEAN', 1),
    ('DATE', datetime.date(9999, 12, 31)), ('DATE', datetime.date(1000, 1, 1)),
    ('DATETIME', datetime.datetime(2024, 2, 29, 23, 59, 59)),
    ('DATETIME(6)', datetime.datetime(2024, 2, 29, 23, 59, 59, 999999)),
    ('DATETIME(3)', datetime.datetime(2024, 2, 29, 0, 0, 0, 1000)),
    ('TIMESTAMP(6)', datetime.datetime(2037, 1, 1, 1, 2, 3, 4)),
    ('TIME', datetime.timedelta(hours=838, minutes=59, seconds=59)),
    ('TIME(6)', -datetime.timedelta(hours=1, microseconds=1)), ('YEAR', 2155),
    ('CHAR(10)', 'abc'), ('VARCHAR(100)', "it's \"quoted\" \\ % _ \n\r\t\0 \x1a"),
    ('VARCHAR(100)', ''), ('TEXT', '😀' * 1000), ('MEDIUMTEXT', 'x' * 70000),
    ('LONGTEXT', 'é' * 100000), ('BINARY(4)', b'ab\0\0'), ('VARBINARY(256)', bytes(range(256))),
    ('TINYBLOB', bytes(255)), ('BLOB', bytes(range(256)) * 10),
    ('LONGBLOB', bytes(range(256)) * 8000), ("ENUM('a','b','ü')", 'ü'),
    ('BIT(8)', b'\xa5'), ('BIT(64)', b'\xff' * 8),
]
for index, (kind, value) in enumerate(VALUES):
    def round_trip(c, kind=kind, value=value, index=index):
        table = f'type_{index}'
        run(c, f'CREATE TABLE {table} (id INT PRIMARY KEY, a {kind} NULL)')
        run(c, f'INSERT INTO {table} VALUES (1, %s), (2, NULL)', (value,))
        equal(run(c, f'SELECT a FROM {table} ORDER BY id'), ((value,), (None,)))
        equal(one(c, f'SELECT a IS NULL FROM {table} WHERE id = 2'), 1)
    round_trip.__name__ = f'type_{index}_{kind}'
    test(round_trip)


@test
def type_set(c):
    run(c, "CREATE TABLE type_set (a SET('x','y','z'))")
    run(c, "INSERT INTO type_set VALUES ('z,x')")
    found = one(c, 'SELECT a FROM type_set')
    equal({'x', 'z'} if isinstance(found, set) else 'x,z', found)


@test
def type_json(c):
    run(c, 'CREATE TABLE type_json (a JSON)')
    run(c, 'INSERT INTO type_json VALUES (%s)', ('{"a": [1, "é", null]}',))
    equal(one(c, "SELECT JSON_EXTRACT(a, '$.a[0]') FROM type_json"), '1')


@test
def type_geometry(c):
    run(c, 'CREATE TABLE type_geometry (a POINT)')
    run(c, "INSERT INTO type_geometry VALUES (ST_GeomFromText('POINT(1 2)'))")
    equal(one(c, 'SELECT ST_AsText(a) FROM type_geometry'), 'POINT(1 2)')
    equal(len(one(c, 'SELECT a FROM type_geometry')), 25)


@test
def zero_dates(c):
    run(c, "SET sql_mode = ''")
    run(c, 'CREATE TABLE zero (a DATE, b DATETIME)')
    run(c, "INSERT INTO zero VALUES ('0000-00-00', '2024-00-00 00:00:00')")
    equal(run(c, "SELECT CAST(a AS CHAR), CAST(b AS CHAR) FROM zero"),
          (('0000-00-00', '2024-00-00 00:00:00'),))


@test
def description(c):
    cursor = c.cursor()
    run(c, 'CREATE TABLE described (id BIGINT UNSIGNED PRIMARY KEY, t VARCHAR(7), d DECIMAL(9,3))')
    cursor.execute('SELECT id, t AS text, d FROM described')
    equal([column[0] for column in cursor.description], ['id', 'text', 'd'])
    equal([column[1] for column in cursor.description],
          [FIELD_TYPE.LONGLONG, FIELD_TYPE.VAR_STRING, FIELD_TYPE.NEWDECIMAL])
    equal([column[6] for column in cursor.description][1:], [True, True])
    equal(cursor.rowcount, 0)
    equal(cursor.fetchone(), None)


@test
def last_insert_id(c):
    run(c, 'CREATE TABLE ids (id INT AUTO_INCREMENT PRIMARY KEY, a INT UNIQUE)')
    cursor = c.cursor()
    cursor.execute('INSERT INTO ids (a) VALUES (1)')
    equal(cursor.lastrowid, 1)
    equal(c.insert_id(), 1)
    cursor.execute('INSERT INTO ids (a) VALUES (2), (3), (4)')
    equal((cursor.lastrowid, cursor.rowcount), (2, 3))
    cursor.execute('INSERT INTO ids VALUES (100, 100)')
    equal(cursor.lastrowid, 100)
    equal(one(c, 'SELECT LAST_INSERT_ID()'), 2)
    cursor.execute('INSERT INTO ids (a) VALUES (2) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)')
    equal(cursor.lastrowid, 2)
    cursor.execute('UPDATE ids SET a = LAST_INSERT_ID(77) WHERE id = 100')
    equal(cursor.lastrowid, 77)
    equal(one(c, 'SELECT LAST_INSERT_ID()'), 77)


@test
def affected_and_found_rows(c):
    run(c, 'CREATE TABLE affected (id INT PRIMARY KEY, a INT)')
    cursor = c.cursor()
    equal(cursor.execute('INSERT INTO affected VALUES (1,1),(2,2),(3,3)'), 3)
    equal(cursor.execute('UPDATE affected SET a = 1'), 3 if DRIVER == 'MySQLdb' else 2)
    equal(cursor.execute('REPLACE INTO affected VALUES (1,9)'), 2)
    equal(cursor.execute('INSERT INTO affected VALUES (1,9) ON DUPLICATE KEY UPDATE a = 10'), 2)
    equal(cursor.execute('DELETE FROM affected WHERE id > 1'), 2)
    equal(cursor.execute('SELECT * FROM affected'), 1)
    d = connect(client_flag=CLIENT.FOUND_ROWS)
    equal(d.cursor().execute('UPDATE affected SET a = 10'), 1)
    equal(one(d, 'SELECT ROW_COUNT()'), 1)


@test
def executemany(c):
    run(c, 'CREATE TABLE many (id INT PRIMARY KEY, a VARCHAR(20))')
    cursor = c.cursor()
    rows = [(n, f'row {n}') for n in range(5000)]
    equal(cursor.executemany('INSERT INTO many (id, a) VALUES (%s, %s)', rows), 5000)
    equal(run(c, 'SELECT * FROM many ORDER BY id'), tuple(rows))
    equal(cursor.executemany('UPDATE many SET a = %s WHERE id = %s', [('x', 1), ('y', 2)]), 2)


@test
def many_parameters(c):
    values = list(range(3000))
    marks = ' UNION ALL SELECT '.join(['%s'] * 500)
    equal(len(run(c, 'SELECT ' + marks, values[:500])), 500)
    run(c, 'CREATE TABLE inlist (id INT PRIMARY KEY)')
    run(c, 'INSERT INTO inlist VALUES ' + ','.join(['(%s)'] * 3000), values)
    equal(one(c, 'SELECT COUNT(*) FROM inlist WHERE id IN %s', (values,)), 3000)


@test
def dict_cursor(c):
    cursor = c.cursor(cursors.DictCursor)
    cursor.execute("SELECT 1 AS a, 'b' AS b, NULL AS n")
    equal(list(cursor.fetchall()), [{'a': 1, 'b': 'b', 'n': None}])


@test
def transactions(c):
    c.autocommit(False)
    run(c, 'CREATE TABLE tx (id INT PRIMARY KEY)')
    run(c, 'INSERT INTO tx VALUES (1)')
    d = connect()
    equal(one(d, 'SELECT COUNT(*) FROM tx'), 0)
    c.rollback()
    equal(one(c, 'SELECT COUNT(*) FROM tx'), 0)
    run(c, 'INSERT INTO tx VALUES (2)')
    run(c, 'SAVEPOINT one')
    run(c, 'INSERT INTO tx VALUES (3)')
    run(c, 'ROLLBACK TO SAVEPOINT one')
    run(c, 'INSERT INTO tx VALUES (4)')
    run(c, 'RELEASE SAVEPOINT one')
    fails(driver.OperationalError, 1305, lambda: run(c, 'ROLLBACK TO SAVEPOINT one'))
    c.commit()
    equal(run(d, 'SELECT id FROM tx ORDER BY id'), ((2,), (4,)))
    c.begin() if DRIVER == 'pymysql' else run(c, 'BEGIN')
    run(c, 'DELETE FROM tx')
    c.close()
    equal(one(d, 'SELECT COUNT(*) FROM tx'), 2)


@test
def read_only_transaction(c):
    run(c, 'CREATE TABLE readonly (id INT)')
    run(c, 'START TRANSACTION READ ONLY')
    fails(driver.Error, 1792, lambda: run(c, 'INSERT INTO readonly VALUES (1)'))
    run(c, 'COMMIT')
    run(c, 'INSERT INTO readonly VALUES (1)')


@test
def isolation_levels(c):
    name = '@@tx_isolation' if ENGINE == 'mariadb' else '@@transaction_isolation'
    for level in ('READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'):
        run(c, f'SET SESSION TRANSACTION ISOLATION LEVEL {level}')
        equal(one(c, f'SELECT {name}'), level.replace(' ', '-'))


@test
def errors(c):
    run(c, 'CREATE TABLE errors (id INT PRIMARY KEY, a VARCHAR(3) NOT NULL, '
           'CONSTRAINT positive CHECK (id > 0))')
    run(c, 'CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES errors (id))')
    run(c, "INSERT INTO errors VALUES (1, 'a')")
    P, I, D, O = (driver.ProgrammingError, driver.IntegrityError, driver.DataError,
                  driver.OperationalError)
    for kind, number, sql in [
        (P, 1064, 'SELEC 1'), (P, 1146, 'SELECT * FROM missing'), (O, 1054, 'SELECT missing'),
        (I, 1062, "INSERT INTO errors VALUES (1, 'b')"), (I, 1048, 'INSERT INTO errors VALUES (2, NULL)'),
        (D, 1406, "INSERT INTO errors VALUES (2, 'long')"), (O, 1050, 'CREATE TABLE errors (a INT)'),
        (I, 1452, 'INSERT INTO child VALUES (1, 9)'), (O, 1051, 'DROP TABLE missing'),
        (O, 1136, 'INSERT INTO errors VALUES (1)'), (O, 1305, 'CALL missing()'),
        (O, 1049, 'USE missing'), (P, 1007, 'CREATE DATABASE app'), (O, 1193, 'SET missing = 1'),
        (D, 1264, "INSERT INTO errors VALUES (99999999999, 'a')"),
        (O, 1366, "INSERT INTO errors VALUES ('text', 'a')"),
        (O, 1242, 'SELECT (SELECT 1 UNION SELECT 2)'), (O, 1365, None),
        (O, 4025 if ENGINE == 'mariadb' else 3819, "INSERT INTO errors VALUES (-1, 'a')"),
        (O, 1065, ''),
    ]:
        if sql is None:
            continue
        fails(driver.Error, number, lambda: run(c, sql))
    equal(one(c, 'SELECT COUNT(*) FROM errors'), 1)


@test
def warnings_are_told(c):
    run(c, "SET sql_mode = ''")
    run(c, 'CREATE TABLE warned (a TINYINT)')
    cursor = c.cursor()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        cursor.execute("INSERT INTO warned VALUES (1000), ('x')")
    equal(len(c.show_warnings()), 2)
    equal([row[1] for row in run(c, 'SHOW WARNINGS')], [1264, 1366])
    equal(run(c, 'SELECT a FROM warned'), ((127,), (0,)))
    equal(run(c, 'SHOW WARNINGS'), ())


@test
def unbuffered_cursor(c):
    run(c, 'CREATE TABLE unbuffered (id INT PRIMARY KEY, pad VARCHAR(200))')
    c.cursor().executemany('INSERT INTO unbuffered VALUES (%s, %s)',
                           [(n, 'x' * 200) for n in range(20000)])
    cursor = c.cursor(cursors.SSCursor)
    cursor.execute('SELECT id, pad FROM unbuffered ORDER BY id')
    equal(cursor.fetchone()[0], 0)
    equal(len(cursor.fetchmany(100)), 100)
    equal(sum(1 for _ in cursor), 20000 - 101)
    cursor.close()
    cursor = c.cursor(cursors.SSCursor)
    cursor.execute('SELECT id FROM unbuffered')
    cursor.fetchone()
    cursor.close()
    equal(one(c, 'SELECT 5'), 5)


@test
def abandoned_unbuffered_cursor(c):
    run(c, 'CREATE TABLE abandoned (id INT PRIMARY KEY, pad VARCHAR(2000))')
    c.cursor().executemany('INSERT INTO abandoned VALUES (%s, %s)',
                           [(n, 'x' * 2000) for n in range(5000)])
    d = connect()
    cursor = d.cursor(cursors.SSCursor)
    cursor.execute('SELECT a.* FROM abandoned a, abandoned b LIMIT 100000')
    cursor.fetchone()
    d._force_close() if DRIVER == 'pymysql' else d.close
    equal(one(c, 'SELECT COUNT(*) FROM abandoned'), 5000)


@test
def multi_statements(c):
    d = connect(client_flag=CLIENT.MULTI_STATEMENTS)
    run(c, 'CREATE TABLE multi (id INT AUTO_INCREMENT PRIMARY KEY, a INT)')
    cursor = d.cursor()
    cursor.execute('SELECT 1; INSERT INTO multi (a) VALUES (5),(6); SELECT a FROM multi ORDER BY id;'
                   'UPDATE multi SET a = 0; SELECT 3')
    found = []
    while True:
        found.append(cursor.fetchall() if cursor.description else cursor.rowcount)
        if not cursor.nextset():
            break
    equal(found, [((1,),), 2, ((5,), (6,)), 2, ((3,),)])
    cursor = d.cursor()
    cursor.execute('SELECT 1; SELECT * FROM missing; SELECT 2')
    fails(driver.ProgrammingError, 1146, cursor.nextset)
    cursor.close()
    equal(one(connect(), 'SELECT 7'), 7)


@test
def multi_statements_off(c):
    d = connect(client_flag=0) if DRIVER == 'pymysql' else connect(multi_statements=False)
    fails(driver.ProgrammingError, 1064, lambda: run(d, 'SELECT 1; SELECT 2'))


@test
def set_option(c):
    if DRIVER == 'pymysql':
        return
    d = connect(multi_statements=False)
    d.set_server_option(0)
    cursor = d.cursor()
    cursor.execute('SELECT 1; SELECT 2')
    equal(cursor.nextset(), 1)
    equal(cursor.fetchall(), ((2,),))


@test
def procedures(c):
    run(c, 'CREATE TABLE called (a INT PRIMARY KEY)')
    run(c, 'CREATE PROCEDURE both_ways (IN a INT, OUT b INT, INOUT d INT) '
           'BEGIN SET b = a * 2; SET d = d + a; SELECT a AS first; SELECT b, d; END')
    cursor = c.cursor()
    cursor.callproc('both_ways', (5, 0, 10))
    results = [cursor.fetchall()]
    while cursor.nextset():
        if cursor.description:
            results.append(cursor.fetchall())
    equal(results[:2], [((5,),), ((10, 15),)])
    equal(run(c, 'SELECT @_both_ways_0, @_both_ways_1, @_both_ways_2'), ((5, 10, 15),))
    run(c, 'CREATE PROCEDURE writes (IN a INT) BEGIN INSERT INTO called VALUES (a); END')
    cursor = c.cursor()
    cursor.callproc('writes', (7,))
    while cursor.nextset():
        pass
    equal(run(c, 'SELECT a FROM called'), ((7,),))
    cursor = c.cursor()
    fails(driver.IntegrityError, 1062, lambda: cursor.callproc('writes', (7,)))


@test
def stored_function(c):
    run(c, 'CREATE FUNCTION twice (a INT) RETURNS INT DETERMINISTIC RETURN a * 2')
    equal(one(c, 'SELECT twice(21)'), 42)


@test
def signal_from_procedure(c):
    run(c, "CREATE PROCEDURE signals () SIGNAL SQLSTATE '45000' "
           "SET MESSAGE_TEXT = 'stop here', MYSQL_ERRNO = 30001")
    error = fails(driver.Error, 30001, lambda: run(c, 'CALL signals()'))
    equal(error.args[1], 'stop here')


@test
def prepared_as_text(c):
    run(c, "PREPARE s FROM 'SELECT ? + ?'")
    run(c, 'SET @a = 20, @b = 22')
    equal(one(c, 'EXECUTE s USING @a, @b'), 42)
    run(c, 'DEALLOCATE PREPARE s')
    fails(driver.Error, 1243, lambda: run(c, 'EXECUTE s USING @a, @b'))


@test
def session_state(c):
    run(c, "SET @a = 1, @b = 'two', @c = NULL, @d = 1.5")
    run(c, "SET SESSION sort_buffer_size = 65536, lc_time_names = 'de_DE', wait_timeout = 1000")
    for _ in range(5):
        equal(run(c, 'SELECT @a, @b, @c, @d'), ((1, 'two', None, decimal.Decimal('1.5')),))
        equal(run(c, "SELECT @@sort_buffer_size, DATE_FORMAT('2024-03-01', '%M'), @@wait_timeout"),
              ((65536, 'März', 1000),))


@test
def temporary_tables(c):
    run(c, 'CREATE TEMPORARY TABLE temp (a INT)')
    run(c, 'INSERT INTO temp VALUES (1), (2)')
    equal(one(c, 'SELECT SUM(a) FROM temp'), 3)
    fails(driver.ProgrammingError, 1146, lambda: run(connect(), 'SELECT * FROM temp'))
    run(c, 'DROP TEMPORARY TABLE temp')


@test
def named_locks(c):
    d = connect()
    equal(one(c, "SELECT GET_LOCK('l', 0)"), 1)
    equal(one(d, "SELECT GET_LOCK('l', 0)"), 0)
    equal(one(d, "SELECT IS_USED_LOCK('l')"), c.thread_id())
    equal(one(c, "SELECT RELEASE_LOCK('l')"), 1)
    equal(one(d, "SELECT GET_LOCK('l', 5)"), 1)


@test
def lock_tables(c):
    run(c, 'CREATE TABLE locked (a INT)')
    run(c, 'LOCK TABLES locked WRITE')
    run(c, 'INSERT INTO locked VALUES (1)')
    run(c, 'UNLOCK TABLES')
    equal(one(c, 'SELECT a FROM locked'), 1)


@test
def lock_wait_timeout(c):
    run(c, 'CREATE TABLE waits (id INT PRIMARY KEY, a INT)')
    run(c, 'INSERT INTO waits VALUES (1, 1)')
    run(c, 'BEGIN')
    run(c, 'UPDATE waits SET a = 2')
    d = connect()
    run(d, 'SET innodb_lock_wait_timeout = 1')
    fails(driver.OperationalError, 1205, lambda: run(d, 'UPDATE waits SET a = 3'))
    run(c, 'ROLLBACK')
    equal(one(d, 'SELECT a FROM waits'), 1)


@test
def deadlock(c):
    run(c, 'CREATE TABLE dead (id INT PRIMARY KEY, a INT)')
    run(c, 'INSERT INTO dead VALUES (1, 0), (2, 0)')
    d = connect()
    run(c, 'BEGIN')
    run(d, 'BEGIN')
    run(c, 'UPDATE dead SET a = 1 WHERE id = 1')
    run(d, 'UPDATE dead SET a = 1 WHERE id = 2')
    found = []

    def other():
        try:
            run(d, 'UPDATE dead SET a = 2 WHERE id = 1')
            run(d, 'COMMIT')
        except driver.OperationalError as error:
            found.append(error.args[0])
    thread = threading.Thread(target=other)
    thread.start()
    try:
        time.sleep(0.2)
        run(c, 'UPDATE dead SET a = 2 WHERE id = 2')
        run(c, 'COMMIT')
    except driver.OperationalError as error:
        found.append(error.args[0])
    thread.join()
    equal(found, [1213])


@test
def large_result(c):
    equal(len(one(c, "SELECT REPEAT('x', 20000000)")), 20000000)


@test
def large_packet(c):
    data = bytes(range(256)) * (70000)
    run(c, 'CREATE TABLE large (a LONGBLOB)')
    run(c, 'INSERT INTO large VALUES (%s)', (data,))
    equal(one(c, 'SELECT a FROM large'), data)
    equal(one(c, 'SELECT LENGTH(a) FROM large'), len(data))


@test
def packet_too_large(c):
    d = connect(max_allowed_packet=1 << 30) if DRIVER == 'pymysql' else connect()
    try:
        one(d, 'SELECT LENGTH(%s)', ('x' * 70000000,))
    except driver.OperationalError as error:
        assert error.args[0] in (1153, 2006, 2013), error
    else:
        raise AssertionError('no error')
    equal(one(c, 'SELECT 1'), 1)


@test
def read_timeout(c):
    d = connect(read_timeout=1)
    started = time.monotonic()
    try:
        run(d, 'SELECT SLEEP(5)')
    except driver.OperationalError as error:
        equal(error.args[0], 2013)
    assert time.monotonic() - started < 4
    equal(one(c, 'SELECT 1'), 1)


@test
def kill_query(c):
    d = connect()
    found = []

    def sleeper():
        try:
            found.append(one(d, 'SELECT SLEEP(20)'))
        except driver.OperationalError as error:
            found.append(error.args[0])
    thread = threading.Thread(target=sleeper)
    thread.start()
    time.sleep(0.5)
    run(c, f'KILL QUERY {d.thread_id()}')
    thread.join()
    equal(found, [1] if ENGINE == 'mysql' else [1317])
    equal(one(d, 'SELECT 2'), 2)


@test
def kill_connection(c):
    d = connect()
    c.kill(d.thread_id())
    time.sleep(0.2)
    try:
        run(d, 'SELECT 1')
    except driver.Error as error:
        assert error.args[0] in (2006, 2013, 1317, 4031, 1927), error
    else:
        raise AssertionError('no error')
    fails(driver.Error, 1094, lambda: run(c, 'KILL 4000000000'))


@test
def kill_self(c):
    try:
        run(c, f'KILL {c.thread_id()}')
    except driver.Error as error:
        assert error.args[0] in (1317, 2013, 1927), error


@test
def compression(c):
    if DRIVER == 'pymysql':
        return
    d = connect(compress=True)
    equal(run(d, "SHOW STATUS LIKE 'Compression'"), (('Compression', 'ON'),))
    equal(len(one(d, "SELECT REPEAT('x', 5000000)")), 5000000)
    run(d, 'CREATE TABLE compressed (a LONGTEXT)')
    run(d, 'INSERT INTO compressed VALUES (%s)', ('y' * 3000000,))
    equal(one(c, 'SELECT LENGTH(a) FROM compressed'), 3000000)


@test
def tls(c):
    d = connect(ssl={'check_hostname': False, 'verify_mode': None} if DRIVER == 'pymysql' else {'ca': None})
    equal(one(d, 'SELECT REPEAT(1, 100000)'), '1' * 100000)


@test
def tls_status(c):
    if DRIVER != 'pymysql':
        return
    d = connect(ssl={'check_hostname': False, 'verify_mode': None})
    name, cipher = run(d, "SHOW STATUS LIKE 'Ssl_cipher'")[0]
    assert cipher != '', cipher


@test
def change_user(c):
    if DRIVER == 'pymysql':
        return
    run(c, "CREATE USER IF NOT EXISTS changed@'%' IDENTIFIED BY 'changed'")
    run(c, 'GRANT ALL ON app.* TO changed')
    run(c, 'SET @a = 1')
    c.change_user('changed', 'changed', 'app')
    equal(one(c, 'SELECT CURRENT_USER()'), 'changed@%')
    equal(one(c, 'SELECT @a'), None)
    run(connect(), 'DROP USER changed')


@test
def load_data_local(c):
    file = os.path.join(FOLDER, 'rows.csv')
    with open(file, 'w') as out:
        out.write('1,"a"\n2,"b, c"\n3,\\N\n')
    d = connect(local_infile=True)
    run(d, 'CREATE TABLE loaded (id INT PRIMARY KEY, a VARCHAR(10))')
    cursor = d.cursor()
    cursor.execute(f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE loaded FIELDS TERMINATED BY ',' "
                   "OPTIONALLY ENCLOSED BY '\"'")
    equal(cursor.rowcount, 3)
    equal(run(c, 'SELECT * FROM loaded ORDER BY id'), ((1, 'a'), (2, 'b, c'), (3, None)))


@test
def explain_and_show(c):
    run(c, 'CREATE TABLE shown (id INT PRIMARY KEY, a INT, KEY (a))')
    equal(len(run(c, 'EXPLAIN SELECT * FROM shown WHERE id = 1')), 1)
    equal(run(c, 'SHOW TABLES LIKE %s', ('shown',)), (('shown',),))
    equal([row[0] for row in run(c, 'DESCRIBE shown')], ['id', 'a'])
    equal(len(run(c, 'SHOW INDEX FROM shown')), 2)
    assert 'CREATE TABLE' in run(c, 'SHOW CREATE TABLE shown')[0][1]
    assert any(row[0] == 'version' for row in run(c, "SHOW VARIABLES LIKE 'v%'"))
    assert len(run(c, "SHOW STATUS LIKE 'Threads%'")) > 0
    assert len(run(c, 'SHOW COLLATION')) > 50
    assert len(run(c, 'SHOW GRANTS')) > 0
    assert any(row[0] == c.thread_id() for row in run(c, 'SHOW PROCESSLIST'))


@test
def comments_and_oddities(c):
    equal(one(c, '/* a */ SELECT /*! 1 + */ 1 -- end'), 2)
    equal(one(c, '# first\nSELECT 1;'), 1)
    equal(one(c, '(SELECT 3)'), 3)
    equal(one(c, 'WITH x AS (SELECT 4 AS a) SELECT a FROM x'), 4)
    equal(run(c, 'VALUES (1, 2)' if ENGINE == 'mariadb' else 'VALUES ROW(1, 2)'), ((1, 2),))
    run(c, 'DO 1')
    run(c, "SELECT 1 INTO @into")
    equal(one(c, 'SELECT @into'), 1)


@test
def found_rows_function(c):
    run(c, 'CREATE TABLE calc (a INT PRIMARY KEY)')
    run(c, 'INSERT INTO calc VALUES (1),(2),(3),(4)')
    run(c, 'SELECT SQL_CALC_FOUND_ROWS a FROM calc ORDER BY a LIMIT 1')
    equal(one(c, 'SELECT FOUND_ROWS()'), 4)
    run(c, 'UPDATE calc SET a = a + 10 WHERE a > 2')
    equal(one(c, 'SELECT ROW_COUNT()'), 2)


@test
def returning(c):
    if ENGINE == 'mysql':
        return
    run(c, 'CREATE TABLE returned (id INT AUTO_INCREMENT PRIMARY KEY, a INT)')
    equal(run(c, 'INSERT INTO returned (a) VALUES (5), (6) RETURNING id, a'), ((1, 5), (2, 6)))
    equal(run(c, 'DELETE FROM returned WHERE a = 5 RETURNING id'), ((1,),))


@test
def many_connections(c):
    all_of_them = [connect() for _ in range(100)]
    equal(sum(one(d, 'SELECT 1') for d in all_of_them), 100)
    equal(len({d.thread_id() for d in all_of_them}), 100)
    for d in all_of_them:
        d.close()


@test
def threads_write_side_by_side(c):
    run(c, 'CREATE TABLE counter (id INT PRIMARY KEY, n INT)')
    run(c, 'INSERT INTO counter VALUES (1, 0)')
    problems = []

    def add():
        try:
            d = connect()
            for _ in range(50):
                run(d, 'UPDATE counter SET n = n + 1')
            d.close()
        except Exception as error:
            problems.append(error)
    threads = [threading.Thread(target=add) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal(problems, [])
    equal(one(c, 'SELECT n FROM counter'), 400)


def main():
    for function in tests:
        try:
            connection = connect()
            function(connection)
            print(f'ok {function.__name__}', flush=True)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)
            line = next((frame.lineno for frame in reversed(where) if frame.filename == __file__), 0)
            text = f'{type(error).__name__} {error}'.replace('\n', '\n  ')
            print(f'not ok {function.__name__}: line {line}: {text}', flush=True)
        finally:
            try:
                connection.close()
            except Exception:
                pass


main()
