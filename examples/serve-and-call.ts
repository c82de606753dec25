// The server, called with OpenAI's own client: what works there works here.
import { spawn } from "node:child_process";
import { once } from "node:events";
import OpenAI from "openai";

// `npm run serve` starts the same program; port 0 is any free one.
const server = spawn(process.execPath, ["apps/serve/dist/main.js", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
let url: string | undefined;
for await (const text of server.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false }))
  if ((url = /http:\/\/[^\s/]+/.exec(text)?.[0])) break;

const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none" });
const [model] = (await client.models.list()).data;
const answer = await client.chat.completions.create({
  model: model!.id,
  messages: [{ role: "user", content: "Return the sum of the elements of xs." }],
});
console.log(answer.choices[0]!.message.content);
console.log(`${answer.usage!.completion_tokens} tokens from ${model!.id}`);
server.kill();
await once(server, "exit");
