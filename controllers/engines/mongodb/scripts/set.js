// What has to become of the replica set. Pure: what is tried of it in tests runs without a server.

// voters is how many of so many members vote: an even number of votes survives no more losses than one less.
function voters(members) {
  return members % 2 === 1 ? members : Math.max(1, members - 1);
}

const follows = state => state === 'PRIMARY' || state === 'SECONDARY';

// keepsMajority says whether the votes that are there elect, in the set as it is to be.
function keepsMajority(members, states) {
  const voting = members.filter(member => member.votes > 0);
  return 2 * voting.filter(member => follows(states[member.host])).length > voting.length;
}

// next is the one step from a configuration towards the members that are wanted, in the order of their ordinals; null when there is
// none. States are those that the primary sees, by host. A step changes one vote at most, as the server asks, and is put off while the
// votes that are left would not elect.
function next(config, states, wanted) {
  const find = host => config.members.find(member => member.host === host);
  const change = (members, what) => {
    if (!keepsMajority(config.members, states) || !keepsMajority(members, states)) {
      return { wait: `${what} once a majority of the members is there` };
    }
    return { what, config: { ...config, version: config.version + 1, members } };
  };

  // Those that are not wanted go first, the primary last of them, once another one has taken its place.
  const leaving = config.members.filter(member => !wanted.includes(member.host));
  const idle = leaving.findLast(member => states[member.host] !== 'PRIMARY');
  if (idle) {
    return change(config.members.filter(member => member !== idle), `${idle.host} leaves`);
  }
  if (leaving.length > 0) {
    return { stepDown: `${leaving[0].host} gives up being the primary` };
  }

  // One comes at a time, without a vote, and copies the data.
  const coming = config.members.find(member => !follows(states[member.host]));
  const missing = wanted.find(host => !find(host));
  if (coming && missing) {
    return { wait: `${missing} joins once ${coming.host} follows` };
  }
  if (missing) {
    const _id = 1 + Math.max(...config.members.map(member => member._id));
    return change([...config.members, { _id, host: missing, votes: 0, priority: 0 }], `${missing} joins`);
  }

  // Who follows gets its vote.
  for (const [ordinal, host] of wanted.entries()) {
    const member = find(host);
    const votes = ordinal < voters(wanted.length) ? 1 : 0;
    if (member.votes === votes) {
      continue;
    }
    if (votes === 0 && states[host] === 'PRIMARY') {
      return { stepDown: `${host} gives up being the primary` };
    }
    if (votes === 1 && !follows(states[host])) {
      return { wait: `${host} votes once it follows` };
    }
    const changed = config.members.map(other => (other === member ? { ...member, votes, priority: votes } : other));
    return change(changed, votes === 1 ? `${host} votes` : `${host} has no vote any more`);
  }
  return null;
}

// mayBegin says whether a set may be initiated: no member that could have been in one is silent. Answers are those of every ordinal
// that there can be: null where no pod has the name, 'silent' where nobody answers, or what hello says.
function mayBegin(answers, members) {
  const there = answers.filter(answer => answer !== null);
  return there.every(answer => answer !== 'silent' && !answer.setName) && answers[0] !== null && 2 * there.length > members;
}

module.exports = { voters, next, mayBegin };
