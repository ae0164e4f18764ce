// Lets @apigrate/autotask-restapi make the calls that come in as JSON, one after the other, and prints what it returns
// or throws: {"folder", "user", "secret", "code", "base", "calls": [[entity, method, ...arguments]]}.

const given = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const { AutotaskRestApi } = require(given.folder);
const client = new AutotaskRestApi(given.user, given.secret, given.code, { base_url: given.base });

(async () => {
  const results = [];
  for (const [entity, method, ...parameters] of given.calls) {
    try {
      results.push({ value: await client[entity][method](...parameters) });
    } catch (problem) {
      results.push({ status: problem.status, details: problem.details, message: problem.message });
    }
  }
  console.log(JSON.stringify({ zone: client.zoneInfo, results }));
})();
