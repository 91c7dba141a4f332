/** Statements over the 1,000 rows of `bench`; each takes a client's index. */
export const statements = (clients) => ({
  read: () => `SELECT n FROM bench WHERE id = ${1 + Math.floor(Math.random() * 1000)}`,
  // No two clients update the same row: locks are not what is measured.
  write: (index) =>
    `UPDATE bench SET n = n + 1 WHERE id = ${1 + index + clients * Math.floor(Math.random() * 60)}`,
});

export async function createRows(connection) {
  await connection.query('CREATE TABLE bench (id INT PRIMARY KEY, n INT NOT NULL)');
  const rows = Array.from({ length: 1000 }, (_, index) => `(${index + 1}, 0)`).join(',');
  await connection.query(`INSERT INTO bench VALUES ${rows}`);
}
