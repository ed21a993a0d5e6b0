package crash

import (
	"context"
	"fmt"

	"github.com/stackwright/stackwright/hack/e2e/rig"
)

// released is a database with a read copy, in a class that has two releases of its engine and a place for backups.
const released = `
apiVersion: stackwright.dev/v1alpha1
kind: StackClass
metadata: {name: releases-OWN}
spec:
  profile: Development
  backupTarget: {volume: {size: 5Gi}}
  images:
  - {engine: PostgreSQL, version: "17.4", image: "ghcr.io/acme/postgres:17.4"}
  - {engine: PostgreSQL, version: "17.5", image: "ghcr.io/acme/postgres:17.5"}
---
apiVersion: stackwright.dev/v1alpha1
kind: StackDatabase
metadata: {name: main}
spec: {stackClassName: releases-OWN, engine: PostgreSQL, version: "17.4", replicas: 1}
`

// upgrading is a workload in which a database is backed up, then its copy takes another release, then its primary.
func upgrading() []Workload {
	return []Workload{{Name: "upgrade", Given: released, Step: apply(edited(released, `version: "17.4", replicas`, `version: "17.5", replicas`)), Done: upgraded}}
}

func upgraded(ctx context.Context, w *rig.World) error {
	if err := archived("main-upg-1")(ctx, w); err != nil {
		return err
	}
	return rig.Eventually(ctx, "the release is in force", rig.ConvergeLimit, func(ctx context.Context) error {
		a, err := anchorOf(ctx, w, w.Own, "main")
		if err == nil && (a.Version != "17.5" || a.Upgrade != nil) {
			err = fmt.Errorf("version %s, on its way: %+v", a.Version, a.Upgrade)
		}
		return err
	})
}
