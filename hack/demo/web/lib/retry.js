import { setTimeout as sleep } from 'node:timers/promises';

// backoff gives the pause before a further try: it doubles from first to most,
// less a random part so that many clients do not come back together.
export function backoff(tries, { first = 250, most = 10_000, random = Math.random } = {}) {
  const full = Math.min(most, first * 2 ** tries);
  return Math.round(full * (0.5 + random() / 2));
}

// persist calls work until it succeeds or the signal aborts.
export async function persist(what, work, signal, log = console) {
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      return await work();
    } catch (err) {
      const pause = backoff(tries);
      log.warn(`${what}: ${reason(err)}; next try in ${pause} ms`);
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }
  return undefined;
}

// reason puts an error into words. Node gives an empty message when every
// address of a host name failed.
export function reason(err) {
  return err.message || err.errors?.map(({ message }) => message).join(', ') || err.code || String(err);
}
