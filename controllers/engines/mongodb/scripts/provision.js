// Makes logins as the plan says, and takes logins back. Every step may be repeated. What goes wrong for one consumer does not hold up the
// others. A database is made by the first write to it.
const { readFileSync } = require('fs');
const { address } = require(`${__dirname}/address.js`);
const { parse, granted, afterwards, same } = require(`${__dirname}/plan.js`);

const { HOSTS, SET, AUTHORITY, ADMIN_PASSWORD, PLAN, CONSUMERS } = process.env;
const admin = connected().getDB('admin');
const plans = admin.getSiblingDB('stackwright').getCollection('plans');

function say(text) {
  print(`stackwright: ${text}`);
}

// connected waits until the set has a primary that accepts the administrator.
function connected() {
  for (let tries = 1; ; tries += 1) {
    try {
      const way = new Mongo(address({
        hosts: HOSTS, set: SET, authority: AUTHORITY, user: 'stackwright_admin', password: ADMIN_PASSWORD, source: 'admin',
      }));
      way.getDB('admin').runCommand({ ping: 1 });
      return way;
    } catch (error) {
      if (tries === 100) {
        throw new Error(`the replica set does not answer: ${error.message}`);
      }
      if (tries % 5 === 1) {
        say(`waiting for the replica set: ${error.message}`);
      }
      sleep(2000);
    }
  }
}

// current stops an older Job that is still about: it must not undo what a later one did.
function current() {
  if (plans.findOne({ _id: 'logins' })?.hash !== PLAN) {
    throw new Error('a job with another plan has begun');
  }
}

function find(login) {
  return admin.runCommand({ usersInfo: { user: login, db: 'admin' } }).users?.[0];
}

// provide gives a login its password and its roles.
function provide({ place, access, database, login, other }) {
  const read = name => readFileSync(`${CONSUMERS}/${place}/${name}`, 'utf8');
  const [username, pwd] = [read('username'), read('password')];
  if (username !== login || pwd === '') {
    throw new Error('its Secret has no password or another username');
  }
  const roles = granted(access, database);
  const there = find(login);
  if (!there) {
    admin.runCommand({ createUser: login, pwd, roles, mechanisms: ['SCRAM-SHA-256'] });
  } else if (same(there.roles, roles)) {
    admin.runCommand({ updateUser: login, pwd });
  } else {
    admin.runCommand({ updateUser: login, pwd, roles });
  }
  const former = find(other);
  if (former && !same(former.roles, afterwards(former.roles, roles, database))) {
    admin.runCommand({ updateUser: other, roles: afterwards(former.roles, roles, database) });
  }
}

function take(login) {
  if (find(login)) {
    admin.runCommand({ dropUser: login });
  }
}

// carryOut does what one line of the plan says.
function carryOut(line) {
  switch (line.verb) {
    case 'consumer':
      say(`login ${line.login}: ${line.access} of database ${line.database}`);
      return provide(line);
    case 'departed':
      say(`login ${line.login}: taken back`);
      return take(line.login);
    default:
      return undefined;
  }
}

plans.replaceOne({ _id: 'logins' }, { hash: PLAN }, { upsert: true, writeConcern: { w: 'majority' } });
const failed = [];
for (const line of parse(readFileSync(`${__dirname}/plan`, 'utf8'))) {
  try {
    current();
    carryOut(line);
  } catch (error) {
    failed.push(line.login);
    say(`login ${line.login}: ${error.message}`);
  }
}
if (failed.length > 0) {
  throw new Error(`not done: ${failed.join(', ')}`);
}
say('done');
