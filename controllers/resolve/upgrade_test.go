package resolve_test

import (
	"context"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/anchor"
	"github.com/stackwright/stackwright/controllers/engines/mysql"
	"github.com/stackwright/stackwright/controllers/part"
)

// TestStepsOfAnUpgrade: until the backup is there nothing takes the next image, then the copies do, then the primary.
func TestStepsOfAnUpgrade(t *testing.T) {
	const (
		catalog  = `images: [{engine: PostgreSQL, version: "17.4", image: "a/pg:17.4"}, {engine: PostgreSQL, version: "17.5", image: "a/pg:17.5"}]`
		bumped   = `images: [{engine: PostgreSQL, version: "17.4", image: "a/pg:17.4-2"}]`
		moved    = `images: [{engine: PostgreSQL, version: "17.4", image: "b/pg:17.4"}]`
		vaulted  = `, backupTarget: {volume: {size: 5Gi}}}`
		bare     = `}`
		next     = `{stackClassName: c, version: "17.5"}`
		copied   = `{stackClassName: c, version: "17.5", replicas: 2}`
		backup   = "main-upg-1"
		replicas = `{stackClassName: c, version: "17.4", replicas: 2}`
	)
	begun := &anchor.Upgrade{Version: "17.5", Image: "a/pg:17.5", Backup: "main-upg-1"}
	copies := &anchor.Upgrade{Version: "17.5", Image: "a/pg:17.5", Copies: true}
	for _, c := range []struct {
		what, class, spec string
		skip              string
		served            bool
		recorded          *anchor.Upgrade
		// runs and copiesRun are the images of the pods, named the backup that is waited for.
		runs, copiesRun, named string
		copies                 bool
	}{
		{"a backup comes first", "{" + catalog + vaulted, next, "", true, nil, "a/pg:17.4", "", backup, false},
		{"also for copies", "{" + catalog + vaulted, copied, "", true, nil, "a/pg:17.4", "", backup, false},
		{"it is waited for", "{" + catalog + vaulted, next, "", true, begun, "a/pg:17.4", "", backup, false},
		{"not where it goes without", "{" + catalog + vaulted, next, "17.5", true, begun, "a/pg:17.5", "", "", false},
		{"going without is said of one version", "{" + catalog + vaulted, next, "17.4", true, begun, "a/pg:17.4", "", backup, false},
		{"nothing has ever answered", "{" + catalog + vaulted, next, "", false, nil, "a/pg:17.5", "", "", false},
		{"there is no place for backups", "{" + catalog + bare, next, "", true, nil, "a/pg:17.5", "", "", false},
		{"then the copies go first", "{" + catalog + bare, copied, "", true, nil, "a/pg:17.4", "a/pg:17.5", "", true},
		{"they are waited for", "{" + catalog + vaulted, copied, "", true, copies, "a/pg:17.4", "a/pg:17.5", "", true},
		{"an image of the class", "{" + bumped + vaulted, replicas, "", true, nil, "a/pg:17.4", "", backup, false},
		{"one of another repository is not known", "{" + moved + vaulted, replicas, "", true, nil, "b/pg:17.4", "", "", false},
		{"an upgrade that is taken back", "{" + catalog + vaulted, `{stackClassName: c, version: "17.4"}`, "", true, begun, "a/pg:17.4", "", "", false},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := database(t, "shop", "main", c.spec)
			d.Annotations = map[string]string{v1alpha1.AnnotationUpgradeWithoutBackup: c.skip}
			recorded := anchored(t, func(a *anchor.Anchor) {
				a.Version, a.Image, a.Upgrade = "17.4", "a/pg:17.4", c.recorded
				a.Backup = &anchor.Backup{Key: true, Served: c.served}
				if c.recorded != nil {
					a.Upgrades = 1
				}
			})
			objects := []client.Object{recorded, class(t, "c", c.class)}
			plan, err := cluster(objects...).Service(context.Background(), d)
			if err != nil {
				t.Fatal(err)
			}
			got := plan.Anchor.Upgrade
			if got == nil {
				got = &anchor.Upgrade{}
			} else if plan.Anchor.Upgrades != 1 || plan.Anchor.Version != "17.4" {
				t.Errorf("%+v", plan.Anchor)
			}
			copiesRun := ""
			if image := plan.Service.CopiesImage; image != nil {
				copiesRun = image.Name
			}
			if plan.Service.Image.Name != c.runs || copiesRun != c.copiesRun || got.Backup != c.named || got.Copies != c.copies {
				t.Errorf("%s runs, %q on copies, %+v", plan.Service.Image.Name, copiesRun, got)
			}
		})
	}
}

// TestACopyDoesNotGoBack: what a copy wrote already decides as well where the service can go.
func TestACopyDoesNotGoBack(t *testing.T) {
	d := database(t, "shop", "main", `{version: "8.4", replicas: 1}`)
	d.Spec.Engine = v1alpha1.EngineMySQL
	recorded := anchored(t, func(a *anchor.Anchor) {
		a.Engine, a.Version, a.Upgrade = "MySQL", "8.4", &anchor.Upgrade{Version: "9.7", Image: "mysql:9.7", Copies: true}
	})
	r := cluster(recorded)
	r.Providers = []part.Provider{mysql.Builtin()}
	_, err := r.Service(context.Background(), d)
	fails(t, err, v1alpha1.ReasonUpgradeRefused, "9.7", "8.4")
}

// TestTheLongestNameOfABackup: a StackBackup may be called after every database.
func TestTheLongestNameOfABackup(t *testing.T) {
	name := strings.Repeat("a", 44)
	d := database(t, "shop", name, `{stackClassName: c, version: "17.5"}`)
	a := &anchor.Anchor{
		Kind: "StackDatabase", Name: name, Engine: "PostgreSQL", Provider: "Builtin", Version: "17.4", Image: "a/pg:17.4", TLS: v1alpha1.TLSRequired,
		Backup: &anchor.Backup{Key: true, Served: true}, Upgrades: 998,
	}
	recorded, err := a.ConfigMap("shop")
	if err != nil {
		t.Fatal(err)
	}
	releases := `{images: [{engine: PostgreSQL, version: "17.4", image: "a/pg:17.4"}, {engine: PostgreSQL, version: "17.5", image: "a/pg:17.5"}], ` +
		`backupTarget: {volume: {size: 5Gi}}}`
	plan, err := cluster(recorded, class(t, "c", releases)).Service(context.Background(), d)
	if err != nil || plan.Upgrade == nil || len(plan.Upgrade.Backup) > 52 || !strings.HasSuffix(plan.Upgrade.Backup, "-upg-999") {
		t.Errorf("%+v, %v", plan.Upgrade, err)
	}
}
