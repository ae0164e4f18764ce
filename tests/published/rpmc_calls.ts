// Lets rpmc-superops-mcp call its tools, and prints what each brings: in comes {"url", "token", "subdomain", "calls":
// [[tool, arguments]]}. Its client sends to SuperOps' own address and takes a fetch of ours, which sends to `url`.
// With {"documents": true} it prints the GraphQL documents that it has instead, by name.

import { readFileSync } from "node:fs";
import * as reads from "rpmc/superops/queries.js";
import * as moreReads from "rpmc/superops/queries-expanded.js";
import * as writes from "rpmc/superops/mutations.js";
import { SuperOpsClient } from "rpmc/superops/client.js";
import { handleTool } from "rpmc/tools/handlers.js";

const given = JSON.parse(readFileSync(0, "utf8"));
const addresses = new Set<string>();

async function run(): Promise<unknown> {
  if (given.documents) {
    const all = Object.entries({ ...reads, ...moreReads, ...writes });
    return Object.fromEntries(all.filter(([, text]) => typeof text === "string" && /^\s*(query|mutation)\b/.test(text)));
  }
  const client = new SuperOpsClient(
    { apiToken: given.token, subdomain: given.subdomain, region: "us" },
    {
      requestTimeoutMs: 10_000,
      maxReadRetries: 1,
      maxRetryDurationMs: 0,
      fetchImpl: (address, options) => {
        addresses.add(String(address));
        return fetch(given.url, options);
      },
    }
  );
  const config = { superopsRegion: "us", superopsSubdomain: given.subdomain, writesEnabled: true };
  const results = [];
  for (const [tool, values] of given.calls) {
    const answer = await handleTool(tool, values, client, config as never);
    const text = answer.content[0].text;
    results.push(answer.isError ? { refused: text } : JSON.parse(text));
  }
  return { addresses: [...addresses], results };
}

run().then((found) => console.log(JSON.stringify(found)));
