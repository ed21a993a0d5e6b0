package anchor

import "fmt"

// maxCopies is the most read copies that a cache can have.
const maxCopies = 8

// CopyState is what is known of the read copies of a cache.
type CopyState struct {
	// Copies is the number of read copies that there are, whatever number is wanted.
	Copies int32 `json:"copies,omitempty"`
	// Replicated says that there have been some.
	Replicated bool `json:"replicated,omitempty"`
}

// Settled notes that a cache has so many read copies, and that its primary is a server that stays.
func (a *Anchor) Settled(copies int32) {
	a.Copies = copies
	a.Replicated = a.Replicated || copies > 0
}

func (a *Anchor) checkCopies() error {
	if a.Copies < 0 || a.Copies > maxCopies || a.Copies > 0 && !a.Replicated {
		return fmt.Errorf("%d copies are not a number of copies, or not recorded as such", a.Copies)
	}
	return nil
}
