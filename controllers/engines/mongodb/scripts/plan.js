// What logins there are to make and to take back, and what each may do. Pure: what is tried of it in tests runs without a server.

// parse reads a plan: one thing to do on each line.
function parse(text) {
  return text.split('\n').filter(line => line !== '').map(line => {
    const [verb, ...words] = line.split(' ');
    switch (verb) {
      case 'database':
        return { verb, database: words[0] };
      case 'consumer': {
        const [place, access, database, login, other] = words;
        return { verb, place, access, database, login, other };
      }
      case 'departed':
        return { verb, login: words[0] };
      default:
        throw new Error(`the plan has a line that means nothing here: ${line}`);
    }
  });
}

// granted are the roles of an access mode. None of them may hand out rights.
function granted(access, database) {
  const roles = { Owner: ['readWrite', 'dbAdmin'], ReadWrite: ['readWrite'], ReadOnly: ['read'] }[access];
  if (!roles) {
    throw new Error(`${access} is no access mode`);
  }
  return roles.map(role => ({ role, db: database }));
}

// afterwards are the roles of the login of the version before or after: in this database it may do no more than is granted now, and
// keeps what it has elsewhere until it is taken back.
function afterwards(roles, wanted, database) {
  if (!roles.some(role => role.db === database)) {
    return roles;
  }
  return [...roles.filter(role => role.db !== database), ...wanted];
}

// same says whether two lists of roles are the same, in whatever order.
function same(some, others) {
  const sorted = roles => roles.map(({ role, db }) => `${db}.${role}`).sort().join(' ');
  return sorted(some) === sorted(others);
}

module.exports = { parse, granted, afterwards, same };
