// jsforce against the simulated organisation: node salesforce.mjs URL CLIENT_ID CLIENT_SECRET. Prints what it saw as JSON.
import jsforce from 'jsforce';

const [url, clientId, clientSecret] = process.argv.slice(2);
const conn = new jsforce.Connection({
  loginUrl: url,
  instanceUrl: url,
  version: '66.0',
  oauth2: { loginUrl: url, clientId, clientSecret },
});
const seen = {};

await conn.authorize({ grant_type: 'client_credentials' });
seen.token = Boolean(conn.accessToken);

const all = await conn.query('SELECT Id, Name FROM Account ORDER BY Id', { autoFetch: true, maxFetch: 5000, headers: { 'Sforce-Query-Options': 'batchSize=200' } });
seen.queried = { total: all.totalSize, records: all.records.length };

const made = await conn.sobject('Account').upsert({ Tongmai_Key__c: 'JS-1', Name: 'jsforce 客户' }, 'Tongmai_Key__c');
const again = await conn.sobject('Account').upsert({ Tongmai_Key__c: 'JS-1', Phone: '021-1' }, 'Tongmai_Key__c');
seen.upsert = { id: made.id, created: made.created, again: again.id, createdAgain: again.created };
const one = await conn.sobject('Account').retrieve(made.id);
seen.retrieved = { name: one.Name, phone: one.Phone, type: one.attributes.type };

const several = await conn.sobject('Contact').create(
  [{ LastName: '好' }, { LastName: '坏', Email: 'not a mail' }, { LastName: '也好' }],
  { allOrNone: false },
);
seen.several = several.map((each) => (each.success ? 'ok' : each.errors[0].statusCode));

const before = new Date(Date.now() - 3600_000);
await conn.sobject('Account').destroy(made.id);
const gone = await conn.sobject('Account').deleted(before, new Date(Date.now() + 120_000));
seen.deleted = gone.deletedRecords.map((each) => each.id).includes(made.id);

conn.bulk2.pollInterval = 20;
conn.bulk2.pollTimeout = 20_000;
const loaded = await conn.bulk2.loadAndWaitForResults({
  object: 'Lead',
  operation: 'insert',
  input: [
    { LastName: '一', Company: '公司一' },
    { LastName: '二' },
    { LastName: '三', Company: '公司三' },
  ],
});
seen.bulk = {
  good: loaded.successfulResults.length,
  bad: loaded.failedResults.map((each) => each.sf__Error.split(':')[0]),
  left: loaded.unprocessedRecords.length,
};
const stream = await conn.bulk2.query('SELECT Id, LastName FROM Lead WHERE Company IN (\'公司一\', \'公司三\')', { pollInterval: 20, pollTimeout: 20_000 });
seen.bulkQuery = (await stream.toArray()).map((each) => each.LastName).sort();

const described = await conn.sobject('Account').describe();
seen.key = described.fields.find((each) => each.name === 'Tongmai_Key__c').externalId;
seen.limit = conn.limitInfo.apiUsage.limit;
const token = conn.accessToken;
await conn.logout();
const stale = new jsforce.Connection({ instanceUrl: url, accessToken: token, version: '66.0' });
seen.after = await stale.query('SELECT Id FROM Account LIMIT 1').then(() => 'answered', (error) => error.errorCode ?? error.name);
console.log(JSON.stringify(seen));
