package anchor

import (
	"fmt"

	"github.com/stackwright/stackwright/controllers/kit"
)

// Backup is what the backups of a service are made with.
type Backup struct {
	// Key says that the Secret with the key of the archives was made, or was there: it is never made a second time, since
	// another key opens no archive of the first.
	Key bool `json:"key"`
	// Login is the credential set of the role that reads everything.
	Login *Set `json:"login,omitempty"`
}

// Recovery is the backup that a service begins with.
type Recovery struct {
	// Backup is the name of the StackBackup, Source that of the service it is a copy of.
	Backup string `json:"backup"`
	Source string `json:"source"`
	// Archive is its name in the place of the backups.
	Archive string `json:"archive"`
	// Done says that the data is in place. Nothing is restored after that.
	Done bool `json:"done,omitempty"`
}

func (b *Backup) clone(set func(*Set) *Set) *Backup {
	if b == nil {
		return nil
	}
	return &Backup{Key: b.Key, Login: set(b.Login)}
}

// drop forgets the login whose ConfigMap is given. The key is never forgotten.
func (b *Backup) drop(configMap string) {
	if b != nil && b.Login != nil && b.Login.ConfigMap == configMap {
		b.Login = nil
	}
}

func (r *Recovery) clone() *Recovery {
	if r == nil {
		return nil
	}
	result := *r
	return &result
}

func (a *Anchor) checkBackup() error {
	if a.Backup != nil && a.Backup.Login != nil {
		if err := a.Backup.Login.check(a.Name + "-"); err != nil {
			return fmt.Errorf("backup: %w", err)
		}
	}
	if r := a.Recovery; r != nil {
		if !objectName.MatchString(r.Backup) || !objectName.MatchString(r.Source) || len(r.Source) > serviceLimit ||
			!kit.IsArchive(r.Archive) {
			return fmt.Errorf("recovery: %q, %q and %q are no names of a backup", r.Backup, r.Source, r.Archive)
		}
	}
	return nil
}

// serviceLimit is the length of the longest name of a service.
const serviceLimit = 44
