// Somebody asks a database within the page: queries in bursts, on the page's own thread, and pauses to read the answers.
"use strict";
const QUERIES = [
  "SELECT shop, round(sum(price * pieces)) AS total\nFROM sales GROUP BY shop ORDER BY total DESC",
  "SELECT day / 30 AS month, article, sum(pieces) AS pieces\nFROM sales GROUP BY month, article ORDER BY pieces DESC LIMIT 12",
  "SELECT a.article, b.article, count(*) AS together\nFROM sales a JOIN sales b ON a.day = b.day AND a.shop = b.shop AND a.article < b.article\nWHERE a.day < 60 GROUP BY 1, 2 ORDER BY together DESC LIMIT 10",
  "SELECT shop, day, sum(pieces) OVER (PARTITION BY shop ORDER BY day) AS running\nFROM sales ORDER BY running DESC LIMIT 10",
  "SELECT customer, count(DISTINCT shop) AS shops, avg(price) AS mean\nFROM sales GROUP BY customer ORDER BY shops DESC, mean LIMIT 10",
];
const state = document.getElementById("state");
const table = document.getElementById("result");
function fill(db) {
  db.run("CREATE TABLE sales (day INT, shop TEXT, article TEXT, customer INT, price REAL, pieces INT)");
  db.run("BEGIN");
  const insert = db.prepare("INSERT INTO sales VALUES (?, ?, ?, ?, ?, ?)");
  const shops = ["Harbour", "Mill", "Station", "Market", "Quarry"];
  for (let i = 0; i < 80000; i++) {
    insert.run([(i * 7) % 365, shops[(i * i) % 5], "Lamp " + (i * 13) % 40, (i * 31) % 4001, 10 + (i * 17) % 900 / 10, 1 + i % 4]);
  }
  db.run("COMMIT");
}
function show({ columns, values }) {
  table.replaceChildren();
  for (const line of [columns, ...values]) {
    const row = table.insertRow();
    for (const v of line) row.append(Object.assign(document.createElement(line === columns ? "th" : "td"), { textContent: v }));
  }
}
(async () => {
  await Work.script("/_lib/sql/sql-wasm.js");
  const SQL = await initSqlJs({ locateFile: (file) => "/_lib/sql/" + file });
  const db = new SQL.Database();
  Work.begin();
  fill(db);
  for (let n = 0; ; n++) {
    const burst = 1 + Math.floor(4 * Math.random());
    for (let i = 0; i < burst; i++) {
      const text = QUERIES[(n + i) % QUERIES.length];
      document.getElementById("query").textContent = text;
      state.textContent = "Running.";
      await Work.rest(50);
      const from = performance.now();
      const [answer] = db.exec(text);
      show(answer);
      state.textContent = `${answer.values.length} rows in ${((performance.now() - from) / 1000).toFixed(2)} s.`;
    }
    await Work.rest(Work.between(700, 2500));
  }
})();
