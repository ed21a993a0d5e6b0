package anchor

import "fmt"

// Upgrade is a version or an image that a service is on its way to. Until it is there, Version and Image of the anchor are in force.
type Upgrade struct {
	Version string `json:"version"`
	Image   string `json:"image"`
	// Backup is the StackBackup that is made before; empty: none is.
	Backup string `json:"backup,omitempty"`
	// Copies says that the read copies take it now, and the primary when they have.
	Copies bool `json:"copies,omitempty"`
}

// Goes notes what the service is on its way to; nil: it is there.
func (a *Anchor) Goes(to *Upgrade) {
	if a.Upgrade == nil && to != nil {
		a.Upgrades++
	}
	a.Upgrade = to
}

// Upgraded ends an upgrade: what it went to is in force.
func (a *Anchor) Upgraded() {
	a.Version, a.Image, a.Upgrade = a.Upgrade.Version, a.Upgrade.Image, nil
}

func (u *Upgrade) clone() *Upgrade {
	if u == nil {
		return nil
	}
	result := *u
	return &result
}

func (a *Anchor) checkUpgrade() error {
	if a.Upgrades < 0 || a.Upgrades > highest {
		return fmt.Errorf("upgrades %d is not a number of upgrades", a.Upgrades)
	}
	u := a.Upgrade
	if u != nil && (!version.MatchString(u.Version) || u.Backup != "" && !objectName.MatchString(u.Backup)) {
		return fmt.Errorf("upgrade: %q is not a version, or %q not the name of a backup", u.Version, u.Backup)
	}
	return nil
}
