// What OpenAI's own client for Node.js makes of files and stores: `node documents.mjs BASE_URL KEY` prints its findings.
import OpenAI, { toFile } from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });

const store = await client.vectorStores.create({ name: "Garten" });
const uploaded = await client.vectorStores.files.uploadAndPoll(
  store.id,
  await toFile(Buffer.from("Der Garten öffnet um neun Uhr."), "garten.txt"),
);
const file = await client.files.create({ file: await toFile(Buffer.from("Haus"), "haus.txt"), purpose: "user_data" });
const batch = await client.vectorStores.fileBatches.createAndPoll(store.id, { file_ids: [file.id] });
const found = await client.vectorStores.search(store.id, { query: "Wann öffnet der Garten?" });
const names = [];
for await (const each of client.vectorStores.files.list(store.id, { limit: 1 })) names.push(each.id);
const answer = await client.responses.create({
  model: "parrot",
  input: "Wann öffnet der Garten?",
  tools: [{ type: "file_search", vector_store_ids: [store.id] }],
});

console.log(
  JSON.stringify({
    uploaded: uploaded.status,
    batch: batch.file_counts.completed,
    found: found.data[0].filename,
    listed: names.length,
    content: await (await client.files.content(file.id)).text(),
    answer: answer.output.map((item) => item.type),
    deleted: (await client.vectorStores.delete(store.id)).deleted,
  }),
);
