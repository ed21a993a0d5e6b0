package apply

import (
	"crypto/sha256"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// settled is what is known to be equal: a live version of an object and the fingerprint of what was desired.
type settled struct {
	key, version, fingerprint string
	held                      bool
}

// fingerprintOf is equal for equal objects of one build. It costs a small part of what comparing them costs: native kinds are
// hashed in the form they travel in, whose maps are sorted.
func fingerprintOf(object client.Object) (string, error) {
	native, ok := object.(interface{ Marshal() ([]byte, error) })
	if !ok {
		content, err := contentOf(object)
		return hashOf(content), err
	}
	content, err := native.Marshal()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return string(sum[:16]), nil
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

// made says whether an object of that kind and name was seen before, and was not removed by us.
func (s *settledStore) made(owner, key string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, known := range s.owners[owner] {
		if known.key == key {
			return true
		}
	}
	return false
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
