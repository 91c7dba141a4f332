<?php
// What the PHP programs share: tests by name, and comparisons that say what they found.
declare(strict_types=1);

error_reporting(E_ALL);
set_error_handler(function (int $level, string $message) {
    throw new ErrorException($message, 0, $level);
});

const NUL = "\0";
$tests = [];

function test(string $name, callable $body): void
{
    global $tests;
    $tests[$name] = $body;
}

function setting(string $name): string
{
    return (string) getenv("CLIENT_$name");
}

function same(mixed $found, mixed $expected): void
{
    if ($found === $expected) {
        return;
    }
    $show = fn($value) => substr(json_encode($value, JSON_INVALID_UTF8_SUBSTITUTE) ?: '?', 0, 300);
    throw new Exception("{$show($found)} is not {$show($expected)}");
}

function fails(callable $body): Throwable
{
    try {
        $body();
    } catch (mysqli_sql_exception | PDOException $error) {
        return $error;
    }
    throw new Exception('no error');
}

function runTests(callable $connect): void
{
    global $tests;
    foreach ($tests as $name => $body) {
        try {
            $body($connect());
            echo "ok $name\n";
        } catch (Throwable $error) {
            $text = str_replace("\n", "\n  ", $error->getMessage());
            $line = $error->getLine();
            foreach ($error->getTrace() as $frame) {
                if (($frame['file'] ?? '') === $_SERVER['SCRIPT_FILENAME']) {
                    $line = $frame['line'];
                    break;
                }
            }
            echo "not ok $name: line $line: $text\n";
        }
    }
}

/** A value of each type, as a client writes it. */
function values(): array
{
    return [
        ['TINYINT', '-128'], ['BIGINT', '-9223372036854775808'],
        ['BIGINT UNSIGNED', '18446744073709551615'], ['DECIMAL(30,10)', '-12345678901234567890.0123456789'],
        ['DOUBLE', '0.1'], ['FLOAT', '-1.5'], ['DATE', '2024-02-29'], ['DATETIME', '9999-12-31 23:59:59'],
        ['DATETIME(6)', '2024-01-01 00:00:00.000001'], ['TIMESTAMP(3)', '2037-12-31 11:59:59.123'],
        ['TIME', '-838:59:59'], ['TIME(6)', '12:00:00.500000'], ['YEAR', '2024'], ['CHAR(5)', 'ab'],
        ['VARCHAR(50)', "quo'te \"double\" \\ back\nline\0zero"], ['VARCHAR(50)', ''],
        ['TEXT', str_repeat('é☃😀', 100)], ['LONGTEXT', str_repeat('x', 100000)],
        ['VARBINARY(256)', implode('', array_map('chr', range(0, 255)))],
        ['LONGBLOB', str_repeat(implode('', array_map('chr', range(0, 255))), 1000)],
        ["ENUM('a','b')", 'b'], ["SET('x','y','z')", 'x,z'],
    ];
}
