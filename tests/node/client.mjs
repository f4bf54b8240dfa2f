// What OpenAI's own client for Node.js makes of a server: `node client.mjs BASE_URL KEY` prints its findings as JSON.
import OpenAI from "openai";

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const messages = [{ role: "user", content: "When does the aviary open?" }];

async function streamed() {
  let text = "";
  let usage = null;
  const options = { model: "parrot", messages, stream: true, stream_options: { include_usage: true } };
  for await (const piece of await client.chat.completions.create(options)) {
    text += piece.choices[0]?.delta?.content ?? "";
    usage = piece.usage ?? usage;
  }
  return { text, tokens: usage.completion_tokens };
}

async function responded() {
  const kinds = [];
  for await (const event of await client.responses.create({ model: "parrot", input: "When?", stream: true })) {
    kinds.push(event.type);
  }
  return { first: kinds.at(0), last: kinds.at(-1) };
}

async function refused(attempt) {
  try {
    await attempt();
  } catch (error) {
    return { kind: error.constructor.name, status: error.status, code: error.code, has_id: Boolean(error.requestID) };
  }
  return null;
}

async function retried() {
  const patient = client.withOptions({ maxRetries: 2 });
  return (await patient.chat.completions.create({ model: "parrot", messages })).choices[0].message.content;
}

async function left() {
  const stream = await client.chat.completions.create({ model: "parrot", messages, stream: true });
  for await (const _ of stream) {
    break; // which aborts the request
  }
  return true;
}

const embedding = async (encoding_format) =>
  (await client.embeddings.create({ model: "bge-finch", input: "Fink", encoding_format })).data[0].embedding.length;

console.log(
  JSON.stringify({
    retried: await retried(),
    left: await left(),
    models: (await client.models.list()).data.map((model) => model.id).sort(),
    whole: (await client.chat.completions.create({ model: "parrot", messages })).choices[0].message.content,
    streamed: await streamed(),
    responded: await responded(),
    embeddings: [await embedding(undefined), await embedding("float")],
    unknown: await refused(() => client.chat.completions.create({ model: "dodo", messages })),
    foreign: await refused(() => client.withOptions({ apiKey: "vol-nobody" }).models.list()),
  }),
);
