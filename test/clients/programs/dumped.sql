SET NAMES utf8mb4;
CREATE DATABASE dumped;
USE dumped;
CREATE TABLE parent (
  id INT AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(40) COLLATE utf8mb4_bin,
  at TIMESTAMP(6) NULL,
  j JSON,
  b BLOB,
  bits BIT(5),
  d DECIMAL(20, 5),
  f DOUBLE,
  e ENUM('x', 'ü'),
  UNIQUE (name)
) COMMENT 'a parent' AUTO_INCREMENT = 5;
CREATE TABLE child (
  id INT PRIMARY KEY,
  parent INT,
  n INT,
  CONSTRAINT fk FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE
);
CREATE TABLE wide (id INT PRIMARY KEY, body LONGTEXT) PARTITION BY HASH (id) PARTITIONS 3;
CREATE TABLE log (id BIGINT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(100));
INSERT INTO parent (name, at, j, b, bits, d, f, e) VALUES
  ('a''b"c\\d', '2024-01-02 03:04:05.123456', '{"a": [1, "x"]}', x'00ff270d0a5c', b'101', 1.5, 0.1, 'ü'),
  ('ü😀', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  ('', '1970-01-02 00:00:00', '[]', '', b'0', -99999999999.99999, 1e300, 'x');
INSERT INTO child (id, parent, n) VALUES (1, 5, 10), (2, 6, 20), (3, NULL, 30);
INSERT INTO wide VALUES (1, REPEAT('long ', 100000)), (2, NULL), (3, REPEAT('ä', 100000));
CREATE TRIGGER after_child AFTER INSERT ON child FOR EACH ROW
  UPDATE parent SET d = d + NEW.n WHERE id = NEW.parent;
CREATE VIEW both_of_them AS SELECT p.name, c.n FROM parent p JOIN child c ON c.parent = p.id;
CREATE FUNCTION twice(a INT) RETURNS INT DETERMINISTIC NO SQL RETURN a * 2;
CREATE PROCEDURE add_child(IN number INT) INSERT INTO child (id, parent, n) VALUES (number, 5, 1);
CREATE EVENT clean ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' DO DELETE FROM log;
