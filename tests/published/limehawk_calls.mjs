// Lets limehawk's superops-msp call its tools, and prints what each returns or throws: in comes {"folder", "url",
// "token", "subdomain", "calls": [[tool, arguments]]}. Its client knows two hosts, so its address is changed after it
// is made.

import { readFileSync } from "node:fs";

const given = JSON.parse(readFileSync(0, "utf8"));
const { SuperOpsClient } = await import(`${given.folder}/src/client.mjs`);
const { isTicketTool, handleTicketTool } = await import(`${given.folder}/src/tools/tickets.mjs`);
const { isClientTool, handleClientTool } = await import(`${given.folder}/src/tools/clients.mjs`);
const { handleLookupTool } = await import(`${given.folder}/src/tools/lookups.mjs`);

const client = new SuperOpsClient({ apiKey: given.token, subdomain: given.subdomain });
const address = client.endpoint;
client.endpoint = given.url;

const results = [];
for (const [tool, values] of given.calls) {
  const handle = isTicketTool(tool) ? handleTicketTool : isClientTool(tool) ? handleClientTool : handleLookupTool;
  try {
    results.push(await handle(tool, values, client));
  } catch (problem) {
    results.push({ refused: problem.message, status: problem.status, body: problem.body });
  }
}
console.log(JSON.stringify({ address, results }));
