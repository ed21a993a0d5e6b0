// Makes the replica set have the members that are wanted, one step at a time, and then the release's features. Every step may be repeated.
const { address } = require(`${__dirname}/address.js`);
const { next, mayBegin } = require(`${__dirname}/set.js`);

const { HOSTS, MEMBERS, SET, AUTHORITY, ADMIN_PASSWORD, KEY, PLAN, SERIES } = process.env;
const every = HOSTS.split(' ');
const wanted = every.slice(0, Number(MEMBERS));
let told = '';
let begun = false;

// say says what has not been said just before.
function say(text) {
  if (text !== told) {
    print(`stackwright: ${text}`);
  }
  told = text;
}

// connect to one server.
function connect(hosts, more) {
  return new Mongo(address({ hosts, authority: AUTHORITY, ...more }));
}

// within calls what is to be done with the database of the administrator on one server, and closes the way to it. The shell waits for what a
// statement calls, but not for what it returns: whatever may fail in a try has a statement of its own.
function within(way, work) {
  try {
    const result = work(way.getDB('admin'));
    return result;
  } finally {
    way.close();
  }
}

// asAdministrator logs in. A set that has lost its administrator's password gets the present one from itself: its members log in to each
// other with the key that this Job has too.
function asAdministrator(host) {
  const login = { user: 'stackwright_admin', password: ADMIN_PASSWORD, source: 'admin' };
  try {
    const way = connect(host, login);
    return way;
  } catch (error) {
    if (error.codeName !== 'AuthenticationFailed') {
      throw error;
    }
    within(connect(host, { user: '__system', password: KEY, source: 'local' }), admin => {
      const known = admin.runCommand({ usersInfo: { user: 'stackwright_admin', db: 'admin' } }).users.length > 0;
      const pwd = ADMIN_PASSWORD;
      const roles = [{ role: 'root', db: 'admin' }];
      admin.runCommand(known ? { updateUser: 'stackwright_admin', pwd } : { createUser: 'stackwright_admin', pwd, roles });
    });
    return connect(host, login);
  }
}

// hello is what a member says of itself: null where no pod has the name, 'silent' where nobody answers.
function hello(host) {
  try {
    const answer = within(connect(host, { patience: 2000 }), admin => admin.runCommand({ hello: 1 })); // that needs no login
    return answer;
  } catch (error) {
    return /ENOTFOUND/.test(error.message) ? null : 'silent';
  }
}

// begin makes a set of the first member.
function begin() {
  say(`${wanted[0]} begins the replica set ${SET}`);
  within(asAdministrator(wanted[0]), admin => {
    admin.runCommand({ replSetInitiate: { _id: SET, members: [{ _id: 0, host: wanted[0] }] } });
  });
}

// step does one thing towards what is wanted on the primary, and says whether all is done.
function step(admin) {
  const plans = admin.getSiblingDB('stackwright').getCollection('plans');
  if (!begun) {
    plans.replaceOne({ _id: 'members' }, { hash: PLAN }, { upsert: true, writeConcern: { w: 'majority' } });
    begun = true;
  } else if (plans.findOne({ _id: 'members' })?.hash !== PLAN) {
    throw Object.assign(new Error('a job with another plan has begun'), { final: true });
  }
  const { config } = admin.runCommand({ replSetGetConfig: 1 });
  const { members } = admin.runCommand({ replSetGetStatus: 1 });
  const states = Object.fromEntries(members.map(({ name, health, stateStr }) => [name, health === 1 ? stateStr : 'DOWN']));
  const action = next(config, states, wanted);
  if (action === null) {
    return raised(admin);
  }
  say(action.what ?? action.stepDown ?? action.wait);
  if (action.config) {
    admin.runCommand({ replSetReconfig: action.config, maxTimeMS: 60000 });
  }
  if (action.stepDown) {
    admin.runCommand({ replSetStepDown: 60, secondaryCatchUpPeriodSecs: 30 });
  }
  return false;
}

// raised turns the release's features on, once every member runs it: from then on there is no way back.
function raised(admin) {
  const { featureCompatibilityVersion } = admin.runCommand({ getParameter: 1, featureCompatibilityVersion: 1 });
  if (featureCompatibilityVersion.version === SERIES) {
    return true;
  }
  for (const host of wanted) {
    const { version } = within(asAdministrator(host), db => db.runCommand({ buildInfo: 1 }));
    if (!version.startsWith(`${SERIES}.`)) {
      say(`${host} does not run MongoDB ${SERIES} yet`);
      return false;
    }
  }
  say(`turning the features of MongoDB ${SERIES} on`);
  admin.runCommand({ setFeatureCompatibilityVersion: SERIES, confirm: true });
  return true;
}

// look does what there is to do now, and says whether all is done.
function look() {
  const answers = [];
  for (const host of every) {
    const answer = hello(host);
    if (answer?.primary) {
      return within(asAdministrator(answer.primary), step);
    }
    answers.push(answer);
  }
  if (mayBegin(answers, wanted.length)) {
    begin();
  } else {
    say('waiting for the members');
  }
  return false;
}

for (let failures = 0; ;) {
  try {
    if (look()) {
      break;
    }
    failures = 0;
  } catch (error) {
    failures += 1;
    if (error.final || failures === 60) {
      throw error;
    }
    say(error.message);
  }
  sleep(2000);
}
say(`the replica set has its ${MEMBERS} members`);
