// Makes the administrator in a server that asks nobody for a password: it listens inside its own container only.
const { readFileSync } = require('fs');

const address = `mongodb://127.0.0.1:${process.env.SETUP_PORT}/?directConnection=true&serverSelectionTimeoutMS=120000`;
const password = readFileSync(`${process.env.CREDENTIALS}/password`, 'utf8');
const admin = new Mongo(address).getDB('admin');
admin.runCommand({
  createUser: 'stackwright_admin', pwd: password, roles: [{ role: 'root', db: 'admin' }], mechanisms: ['SCRAM-SHA-256'],
});
