// Tries the scripts that decide: under node, with a replica set that is played. It has the rules of the server for configurations, so that
// a step that the server would refuse fails here too. Usage: node set_test.js FOLDER
'use strict';
const assert = require('assert');
const { readFileSync } = require('fs');
const path = require('path');

const folder = process.argv[2];
const load = name => require(path.join(folder, name));
const { voters, next, mayBegin } = load('set.js');
const { parse, granted, afterwards, same } = load('plan.js');
const { address } = load('address.js');

const host = ordinal => `main-${ordinal}.main-replica.shop.svc:27017`;
const every = [0, 1, 2, 3, 4, 5, 6].map(host);
const majority = (voting, up) => 2 * voting.filter(up).length > voting.length;

// ReplicaSet plays the servers of a set: pods that run, or not, and one configuration.
class ReplicaSet {
  constructor({ pods, members = 0, series = '8.0', features = '8.0', primary = 0 }) {
    this.pods = pods;
    this.running = Object.fromEntries(every.slice(0, pods).map(name => [name, true]));
    this.config = members === 0 ? null : {
      _id: 'rs0', version: 3, term: 1,
      members: every.slice(0, members).map((name, _id) => {
        const votes = _id < voters(members) ? 1 : 0;
        return { _id, host: name, votes, priority: votes };
      }),
    };
    this.primary = members === 0 ? null : host(primary);
    this.behind = new Set(); // members that still copy
    this.stuck = null; // one that never ends
    this.plans = {};
    this.log = [];
    this.password = 'geheim';
    Object.assign(this, { series, features });
  }

  up(name) { return Boolean(this.running[name]); }

  member(name) { return this.config?.members.find(member => member.host === name); }

  // settle has members that copied follow, and chooses a primary where there is none.
  settle() {
    if (!this.config) {
      return;
    }
    const voting = this.config.members.filter(member => member.votes > 0);
    const elects = majority(voting, ({ host: name }) => this.up(name) && !this.behind.has(name));
    if (!elects || (this.primary && !this.up(this.primary))) {
      this.primary = null;
    }
    if (elects && !this.primary) {
      const able = voting.find(({ host: name }) => this.up(name) && name !== this.resting && !this.behind.has(name));
      this.primary = able?.host ?? null;
    }
  }

  reconfigure(config) {
    const voting = members => members.filter(member => member.votes > 0).map(member => member.host);
    const [before, after] = [voting(this.config.members), voting(config.members)];
    const changed = [...before.filter(name => !after.includes(name)), ...after.filter(name => !before.includes(name))];
    assert.ok(changed.length <= 1, `more than one vote changes: ${changed}`);
    assert.strictEqual(config.version, this.config.version + 1);
    assert.ok(after.includes(this.primary), 'the primary could not be chosen again');
    assert.ok(after.length <= 7 && after.length >= 1);
    assert.ok(majority(after, name => this.up(name) && !this.behind.has(name)), 'the votes that are there do not elect');
    const ids = config.members.map(member => member._id);
    assert.strictEqual(new Set(ids).size, ids.length, 'an _id twice');
    for (const member of config.members) {
      assert.ok(member.votes === 1 || member.priority === 0, 'a member without a vote has a priority');
      const old = this.config.members.find(other => other._id === member._id);
      assert.ok(!old || old.host === member.host, 'an _id for another host');
      if (!old) {
        assert.ok(this.up(member.host), `${member.host} cannot be reached`);
        this.behind.add(member.host);
      }
    }
    this.config = config;
  }

  // run is a command of the server.
  run(name, user, command) {
    const [verb] = Object.keys(command);
    this.log.push(`${verb} ${name}`);
    const admin = user !== null;
    assert.ok(admin || verb === 'hello', `${verb} needs a login`);
    switch (verb) {
      case 'hello':
        return this.member(name) ? { setName: 'rs0', ...(this.primary && { primary: this.primary }) } : {};
      case 'replSetInitiate':
        assert.strictEqual(this.config, null, 'a second set');
        this.config = { version: 1, term: 0, ...command.replSetInitiate };
        this.config.members.forEach(member => Object.assign(member, { votes: 1, priority: 1 }));
        return { ok: 1 };
      case 'replSetGetConfig':
        return { config: structuredClone(this.config) };
      case 'replSetGetStatus':
        return { members: this.config.members.map(({ host: other }) => ({
          name: other, health: this.up(other) ? 1 : 0,
          stateStr: other === this.primary ? 'PRIMARY' : this.behind.has(other) ? 'STARTUP2' : 'SECONDARY',
        })) };
      case 'replSetReconfig':
        assert.strictEqual(name, this.primary);
        this.reconfigure(command.replSetReconfig);
        return { ok: 1 };
      case 'replSetStepDown':
        this.resting = this.primary;
        this.primary = null;
        return { ok: 1 };
      case 'getParameter':
        return { featureCompatibilityVersion: { version: this.features } };
      case 'buildInfo':
        return { version: `${this.series}.29` };
      case 'setFeatureCompatibilityVersion':
        assert.strictEqual(command.confirm, true);
        this.features = command.setFeatureCompatibilityVersion;
        return { ok: 1 };
      case 'usersInfo':
        return { users: [{ user: 'stackwright_admin' }] };
      case 'updateUser':
        this.password = command.pwd;
        return { ok: 1 };
      default:
        throw new Error(`no command ${verb}`);
    }
  }
}

// play runs members.js on a set, and calls between the steps what happens meanwhile.
function play(set, members, { meanwhile = () => {}, patience = 200, key = 'key', env = {} } = {}) {
  const said = [];
  class Mongo {
    constructor(uri) {
      const [, user, password, name] = /^mongodb:\/\/(?:([^:]+):([^@]+)@)?([^/]+)\//.exec(uri);
      if (!every.slice(0, set.pods).includes(name)) {
        throw new Error(`getaddrinfo ENOTFOUND ${name}`);
      }
      if (!set.up(name)) {
        throw new Error(`connect ECONNREFUSED ${name}`);
      }
      const right = { stackwright_admin: set.password, __system: key }[user];
      if (user && password !== right) {
        throw Object.assign(new Error('Authentication failed.'), { codeName: 'AuthenticationFailed' });
      }
      Object.assign(this, { name, user: user ?? null });
    }

    getDB() {
      const collection = {
        replaceOne: ({ _id }, { hash }) => { set.plans[_id] = hash; },
        findOne: ({ _id }) => ({ hash: set.plans[_id] }),
      };
      return {
        runCommand: command => set.run(this.name, this.user, command),
        getSiblingDB: () => ({ getCollection: () => collection }),
      };
    }

    close() {}
  }
  let steps = 0;
  const sleep = () => {
    steps += 1;
    if (steps > patience) {
      throw Object.assign(new Error(`no end: ${said.join('; ')}`), { final: true });
    }
    meanwhile(steps, set);
    set.settle();
    if (steps % 3 === 0) { // copies take their time
      set.behind = new Set([...set.behind].filter(name => name === set.stuck));
      set.resting = null;
    }
  };
  const globals = {
    process: { env: { HOSTS: every.join(' '), MEMBERS: String(members), SET: 'rs0', ADMIN_PASSWORD: 'geheim', KEY: key, PLAN: 'p1', SERIES: '8.0', ...env } },
    __dirname: folder, require, Mongo, sleep, print: text => said.push(text),
  };
  const text = readFileSync(path.join(folder, 'members.js'), 'utf8');
  new Function(...Object.keys(globals), text)(...Object.values(globals));
  return said;
}

function hasMembers(set, count) {
  assert.deepStrictEqual(set.config.members.map(member => member.host), every.slice(0, count));
  assert.deepStrictEqual(set.config.members.map(member => member.votes), every.slice(0, count).map((_, i) => (i < voters(count) ? 1 : 0)));
  assert.ok(set.primary && set.member(set.primary));
}

const tests = {
  'voters are odd'() {
    assert.deepStrictEqual([1, 2, 3, 4, 5, 6, 7].map(voters), [1, 1, 3, 3, 5, 5, 7]);
  },

  'a set begins, and grows to every size'() {
    for (let count = 1; count <= 7; count += 1) {
      const set = new ReplicaSet({ pods: count });
      play(set, count);
      hasMembers(set, count);
    }
  },

  'every size becomes every other, whoever is the primary'() {
    for (let from = 1; from <= 7; from += 1) {
      for (let to = 1; to <= 7; to += 1) {
        for (let primary = 0; primary < voters(from); primary += 1) {
          const set = new ReplicaSet({ pods: Math.max(from, to), members: from, primary });
          play(set, to);
          hasMembers(set, to);
        }
      }
    }
  },

  'nothing is done twice'() {
    const set = new ReplicaSet({ pods: 3, members: 3 });
    const before = JSON.stringify(set.config);
    play(set, 3);
    assert.strictEqual(JSON.stringify(set.config), before);
    assert.ok(!set.log.some(entry => /^(replSetReconfig|replSetInitiate|replSetStepDown|setFeature)/.test(entry)), set.log.join('\n'));
  },

  'a job that is killed after any step leaves a set that the next one finishes'() {
    for (const [from, to] of [[0, 3], [1, 5], [7, 1], [4, 2]]) {
      for (let patience = 0; patience < 25; patience += 1) {
        const set = new ReplicaSet({ pods: Math.max(from, to), members: from, primary: 0 });
        try {
          play(set, to, { patience });
        } catch (error) {
          assert.match(error.message, /no end/);
        }
        play(set, to, { env: { PLAN: 'p2' } });
        hasMembers(set, to);
      }
    }
  },

  'a change of mind in the middle'() {
    const set = new ReplicaSet({ pods: 7, members: 7 });
    assert.throws(() => play(set, 1, { patience: 5 }), /no end/);
    play(set, 5, { env: { PLAN: 'p2' } });
    assert.deepStrictEqual(set.config.members.map(member => member.host).sort(), every.slice(0, 5));
  },

  'an older job stops once a later one has begun'() {
    const set = new ReplicaSet({ pods: 7, members: 7 });
    assert.throws(() => play(set, 1, { meanwhile: step => { if (step === 2) { set.plans.members = 'p2'; } } }), /another plan/);
    assert.ok(set.config.members.length >= 5);
  },

  'nobody leaves while the votes that are left would not elect'() {
    const set = new ReplicaSet({ pods: 3, members: 3 });
    set.running[host(1)] = false;
    assert.throws(() => play(set, 2, { patience: 20 }), /2.* leaves once a majority/);
    assert.strictEqual(set.config.members.length, 3);
    set.running[host(1)] = true;
    play(set, 2, { env: { PLAN: 'p2' } });
    hasMembers(set, 2);
  },

  'a member that does not follow gets no vote, and nobody comes after it'() {
    const set = new ReplicaSet({ pods: 3, members: 1 });
    set.stuck = host(1);
    assert.throws(() => play(set, 3, { patience: 20 }), /joins once/);
    assert.strictEqual(set.config.members.length, 2);
    assert.strictEqual(set.config.members.filter(member => member.votes > 0).length, 1);
  },

  'the last one that copies gets no vote before it follows'() {
    const set = new ReplicaSet({ pods: 3, members: 1 });
    set.stuck = host(2);
    assert.throws(() => play(set, 3, { patience: 40 }), /votes once it follows/);
    assert.strictEqual(set.member(host(1)).votes, 1);
    assert.strictEqual(set.member(host(2)).votes, 0);
  },

  'a second set is never begun'() {
    // The first member has lost its volume, and those that know the set are silent.
    const set = new ReplicaSet({ pods: 3, members: 3, primary: 1 });
    const known = set.config;
    set.config = null;
    set.primary = null;
    set.running[host(1)] = false;
    set.running[host(2)] = false;
    assert.throws(() => play(set, 3, { patience: 10 }), /waiting for the members/);
    set.config = known;
    const hello = { setName: 'rs0' };
    assert.strictEqual(mayBegin([{}, {}, {}, null], 3), true);
    assert.strictEqual(mayBegin([{}, {}, null, null], 3), true);
    assert.strictEqual(mayBegin([{}, null, null, null], 3), false, 'less than half');
    assert.strictEqual(mayBegin([null, {}, {}, null], 3), false, 'without the first');
    assert.strictEqual(mayBegin([{}, hello, {}, null], 3), false, 'one knows a set');
    assert.strictEqual(mayBegin([{}, 'silent', {}, null], 3), false, 'one may know a set');
    assert.strictEqual(mayBegin([{}, null, hello, null], 1), false, 'one that is to leave knows a set');
  },

  'the features of a release come when every member runs it'() {
    const set = new ReplicaSet({ pods: 3, members: 3, series: '7.0', features: '7.0' });
    const said = play(set, 3, { meanwhile: step => { if (step === 4) { set.series = '8.0'; } } });
    assert.strictEqual(set.features, '8.0');
    assert.ok(said.some(text => /does not run MongoDB 8.0 yet/.test(text)));
  },

  'an administrator whose password was lost gets the present one'() {
    const set = new ReplicaSet({ pods: 1, members: 1 });
    set.password = 'lost';
    play(set, 1);
    assert.strictEqual(set.password, 'geheim');
  },

  'states that are not known are not followed'() {
    const config = { version: 1, members: [{ _id: 0, host: host(0), votes: 1, priority: 1 }] };
    assert.ok(next(config, {}, [host(0), host(1)]).wait);
    assert.strictEqual(next(config, { [host(0)]: 'PRIMARY' }, [host(0)]), null);
  },

  'a plan is read'() {
    assert.deepStrictEqual(parse('database shop\nconsumer 0 Owner shop shop_a shop_b\ndeparted x_a\n'), [
      { verb: 'database', database: 'shop' },
      { verb: 'consumer', place: '0', access: 'Owner', database: 'shop', login: 'shop_a', other: 'shop_b' },
      { verb: 'departed', login: 'x_a' },
    ]);
    assert.throws(() => parse('group shop\n'), /means nothing/);
  },

  'roles stay in their database, and hand out no rights'() {
    assert.deepStrictEqual(granted('Owner', 'shop'), [{ role: 'readWrite', db: 'shop' }, { role: 'dbAdmin', db: 'shop' }]);
    assert.deepStrictEqual(granted('ReadWrite', 'shop'), [{ role: 'readWrite', db: 'shop' }]);
    assert.deepStrictEqual(granted('ReadOnly', 'shop'), [{ role: 'read', db: 'shop' }]);
    assert.throws(() => granted('Root', 'shop'));
    const owner = granted('Owner', 'shop');
    const reader = granted('ReadOnly', 'shop');
    assert.deepStrictEqual(afterwards(owner, reader, 'shop'), reader);
    assert.deepStrictEqual(afterwards(granted('Owner', 'old'), reader, 'shop'), granted('Owner', 'old'));
    assert.ok(same(owner, [...owner].reverse()) && !same(owner, reader));
  },

  'an address holds any password'() {
    const text = address({ hosts: 'a:1', user: 'x', password: 'p@/?#%:', source: 'admin', set: 'rs0', authority: '/tls/ca.crt' });
    const read = new URL(text.replace('mongodb://', 'http://'));
    assert.strictEqual(decodeURIComponent(read.password), 'p@/?#%:');
    assert.strictEqual(read.searchParams.get('tlsCAFile'), '/tls/ca.crt');
    assert.strictEqual(read.searchParams.get('replicaSet'), 'rs0');
    assert.ok(!address({ hosts: 'a:1' }).includes('@') && address({ hosts: 'a:1' }).includes('directConnection=true'));
  },
};

for (const [name, test] of Object.entries(tests)) {
  try {
    test();
    console.log(`ok: ${name}`);
  } catch (error) {
    console.log(`FAIL: ${name}: ${error.stack}`);
    process.exitCode = 1;
  }
}
