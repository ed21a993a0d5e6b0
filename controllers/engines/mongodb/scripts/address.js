// How servers are reached. Pure: what is tried of it in tests runs without a server.

// address of servers, for somebody who logs in as user, or for nobody where there is none. Patience is in
// milliseconds.
function address({ hosts, authority, user, password, source, set, patience = 5000 }) {
  const options = [`serverSelectionTimeoutMS=${patience}`, `connectTimeoutMS=${patience}`, 'appName=stackwright'];
  options.push(set ? `replicaSet=${set}` : 'directConnection=true');
  if (authority) {
    options.push('tls=true', `tlsCAFile=${encodeURIComponent(authority)}`);
  }
  if (user) {
    options.push(`authSource=${source}`, 'authMechanism=SCRAM-SHA-256');
  }
  const login = user ? `${encodeURIComponent(user)}:${encodeURIComponent(password)}@` : '';
  return `mongodb://${login}${hosts}/?${options.join('&')}`;
}

module.exports = { address };
