// PouchDB's own server with the bench's households: `node hub.js HOST PORT FOLDER HOMES.json`.
// Each line it reads names a household in which somebody changes two fields.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import express from "express";
import expressPouch from "express-pouchdb";
import PouchDB from "pouchdb";

const [host, port, folder, homes] = process.argv.slice(2);
const Here = PouchDB.defaults({ prefix: `${folder}/` });
// The server first: it only knows databases that were made after it.
const pages = expressPouch(Here, { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: `${folder}/log` });
const database = new Here("homes");
await database.bulkDocs(JSON.parse(readFileSync(homes, "utf8")));

const app = express();
app.use("/", pages);
app.listen(Number(port), host, () => console.log("{}"));

for await (const id of createInterface({ input: process.stdin })) {
  const home = await database.get(id);
  await database.put({ ...home, phone: String(Number(home.phone) + 1), residents_n: String(Number(home.residents_n || 0) + 1) });
  console.log("{}");
}
process.exit(0);
