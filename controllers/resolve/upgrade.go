package resolve

import (
	"fmt"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/kit"
	"github.com/stackwright/stackwright/controllers/part"
)

// upgrade decides what is in force while a service goes to another version or image: a backup is made before, where the class has a
// place for it, and read copies go before the primary.
func (p *ServicePlan) upgrade() {
	wanted := p.Service.Image
	current, known := p.current(wanted)
	if !known {
		return
	}
	if p.Upgrade = p.nextStep(wanted); p.Upgrade == nil {
		return
	}
	p.Service.Image = current
	if p.Upgrade.Copies {
		p.Service.CopiesImage = &wanted
	}
}

// current is the image in force where that is another one than is wanted. Anchors can be written by tenants, so that it is believed
// only where the class knows it, or another tag or digest of it.
func (p *ServicePlan) current(wanted part.Image) (part.Image, bool) {
	if p.Recorded == nil || !changes(p.Recorded, wanted) {
		return part.Image{}, false
	}
	image, err := p.Class.EngineImage(p.View.Engine, p.Recorded.Version)
	if err == nil && (image.Name == p.Recorded.Image || image.Version != wanted.Version) {
		return image, true
	}
	if untagged(p.Recorded.Image) != untagged(wanted.Name) {
		return part.Image{}, false
	}
	if wanted.Given == wanted.Name {
		wanted.Given = p.Recorded.Image
	}
	wanted.Name, wanted.Version = p.Recorded.Image, p.Recorded.Version
	return wanted, true
}

// changes says whether somebody asked for another image: a built-in one that a newer operator brings waits for the next restart.
func changes(recorded *anchor.Anchor, wanted part.Image) bool {
	switch wanted.Given {
	case "":
		return wanted.Version != recorded.Version
	case wanted.Name:
		return wanted.Version != recorded.Version || wanted.Name != recorded.Image
	}
	return wanted.Version != recorded.Version || wanted.Given != untagged(recorded.Image)
}

// nextStep is what is done before the primary goes to an image; nil when nothing is.
func (p *ServicePlan) nextStep(wanted part.Image) *anchor.Upgrade {
	step := p.Recorded.Upgrade
	if step == nil || step.Version != wanted.Version || step.Image != wanted.Name {
		number := p.Recorded.Upgrades
		if step == nil {
			number++
		}
		// A StackBackup's name has room for eight characters more than the longest of a database.
		step = &anchor.Upgrade{Version: wanted.Version, Image: wanted.Name, Backup: kit.Child(p.Service.Name, "upg", fmt.Sprint(number%1000))}
	}
	if step.Copies {
		return step
	}
	if p.backedUpBefore(wanted) {
		return step
	}
	if p.Provider.CopiesFirst && p.Service.Replicas > 0 {
		return &anchor.Upgrade{Version: step.Version, Image: step.Image, Copies: true}
	}
	return nil
}

// backedUpBefore says whether a backup comes before an upgrade: of what has answered once, where there is a place for it, unless
// somebody said that this upgrade goes without.
func (p *ServicePlan) backedUpBefore(wanted part.Image) bool {
	recorded := p.Recorded.Backup
	return p.Service.Vault != nil && recorded != nil && recorded.Served &&
		p.View.Object.GetAnnotations()[v1alpha1.AnnotationUpgradeWithoutBackup] != wanted.Version
}

// running are the versions that servers of the service may run.
func (p *ServicePlan) running() []string {
	versions := []string{p.Recorded.Version}
	if u := p.Recorded.Upgrade; u != nil && u.Copies {
		versions = append(versions, u.Version)
	}
	return versions
}
