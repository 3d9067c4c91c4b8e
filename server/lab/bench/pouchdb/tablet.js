// A tablet with PouchDB: reads orders as JSON lines, answers each with one. Only the replication is timed.
import { createInterface } from "node:readline";
import PouchDB from "pouchdb";

// Some of its requests are nobody's to catch; the replication they belong to says that it failed.
process.on("unhandledRejection", () => {});

const orders = {
  // Everything from the hub that is not here yet, then everything from here that is not there.
  async contact({ replica, server, up }) {
    const here = new PouchDB(replica);
    const there = new PouchDB(server, { skip_setup: true });
    const began = performance.now();
    let told = { docs_written: 0 };
    for (let attempt = 0; attempt < 1000; attempt++) {
      try {
        told = up ? await here.replicate.to(there) : await here.replicate.from(there);
        break;
      } catch {
        // Its one-shot replication ends at a broken connection and, begun again, goes on from its last checkpoint.
      }
    }
    const seconds = (performance.now() - began) / 1000;
    const documents = (await here.info()).doc_count;
    await here.close();
    return { seconds, documents, moved: told.docs_written };
  },
  async edit({ replica, homes }) {
    const here = new PouchDB(replica);
    const found = await here.allDocs({ keys: homes.map((home) => home.id), include_docs: true });
    const changed = homes.map((home, n) => ({ ...found.rows[n].doc, ...home.answers }));
    await here.bulkDocs(changed);
    await here.close();
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...order } = JSON.parse(line);
  console.log(JSON.stringify(await orders[what](order)));
}
process.exit(0);
