package apply

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
)

// settled is what is known to be equal: a live version of an object and the hash of what was desired.
type settled struct {
	version, hash string
	held          bool
}

// settledStore remembers what is settled, by owner, so that it goes with the owner.
type settledStore struct {
	mutex  sync.Mutex
	owners map[string]map[types.UID]settled
}

func (s *settledStore) load(owner string, uid types.UID) (settled, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	known, ok := s.owners[owner][uid]
	return known, ok
}

func (s *settledStore) store(owner string, uid types.UID, known settled) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.owners == nil {
		s.owners = map[string]map[types.UID]settled{}
	}
	if s.owners[owner] == nil {
		s.owners[owner] = map[types.UID]settled{}
	}
	s.owners[owner][uid] = known
}

func (s *settledStore) remove(owner string, uid types.UID) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.owners[owner], uid)
}

func (s *settledStore) forget(owner string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.owners, owner)
}
