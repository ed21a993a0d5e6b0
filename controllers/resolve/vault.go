package resolve

import (
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/stackwright/stackwright/api/v1alpha1"
	"github.com/stackwright/stackwright/controllers/part"
)

// vault is the place of a service's backups, and when they are made.
func (r *Resolver) vault(ctx context.Context, plan *ServicePlan, target *v1alpha1.BackupTarget) (*part.Vault, error) {
	image, err := plan.Class.EngineImage(string(v1alpha1.EngineRclone), "")
	if err != nil {
		return nil, err
	}
	result := &part.Vault{Image: image}
	if target.S3 != nil {
		result.Bucket, err = bucket(target.S3)
	} else {
		result.Storage, err = r.vaultStorage(ctx, plan, *target.Volume)
	}
	if b := plan.View.Backups; b != nil {
		result.Schedule, result.TimeZone = b.Schedule, b.TimeZone
		if b.Verify != nil {
			result.Verify = b.Verify.Schedule
		}
		if b.Retention != nil {
			result.Keep, result.KeepSeconds = b.Retention.Count, seconds(b.Retention.MaxAge)
		}
	}
	return result, err
}

// seconds of a duration that the API has checked; 0 where there is none.
func seconds(duration string) int64 {
	parsed, err := time.ParseDuration(duration)
	if err != nil {
		return 0
	}
	return int64(parsed / time.Second)
}

// defaultRegion is what servers without regions take, and what AWS means by none.
const defaultRegion = "us-east-1"

// bucket is the class's place in an object store.
func bucket(target *v1alpha1.S3Target) (*part.Bucket, error) {
	if err := checkAuthorities(target.CABundle); err != nil {
		return nil, part.Invalid(v1alpha1.ReasonInvalid, "spec.backupTarget.s3.caBundle of the StackClass: %v; ask the platform team", err)
	}
	result := &part.Bucket{
		Name: target.Bucket, Prefix: target.Prefix, Endpoint: target.Endpoint, Region: cmp.Or(target.Region, defaultRegion),
		VirtualHost: target.Addressing == v1alpha1.AddressingVirtualHost || target.Addressing == "" && target.Endpoint == "",
		Authorities: target.CABundle, Secret: target.Credentials.SecretName, ServiceAccount: target.Credentials.ServiceAccountName,
	}
	for _, cidr := range target.CIDRs {
		result.CIDRs = append(result.CIDRs, string(cidr))
	}
	return result, nil
}

// checkAuthorities refuses what is no list of certificates: the program that carries archives would not even start.
func checkAuthorities(bundle string) error {
	rest := []byte(strings.TrimSpace(bundle))
	for len(rest) > 0 {
		block, more := pem.Decode(rest)
		if block == nil {
			return errors.New("there is something besides certificates in PEM")
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("a certificate cannot be read: %w", err)
		}
		rest = []byte(strings.TrimSpace(string(more)))
	}
	return nil
}

// vaultStorage is the claim of the class's. One that exists does not care for a storage class that goes.
func (r *Resolver) vaultStorage(ctx context.Context, plan *ServicePlan, volume v1alpha1.VolumeTarget) (part.Storage, error) {
	const field = "spec.backupTarget.volume of the StackClass"
	size, err := resource.ParseQuantity(string(volume.Size))
	if err != nil {
		return part.Storage{}, part.Invalid(v1alpha1.ReasonInvalid, "%s: size: %v", field, err)
	}
	wanted := &v1alpha1.Storage{StorageClassName: volume.StorageClassName}
	result := part.Storage{Size: size, ClassName: plan.Class.storageClass(wanted)}
	if plan.Recorded != nil && plan.Recorded.Backup != nil {
		return result, nil
	}
	return result, r.checkStorageClass(ctx, field, result.ClassName, false)
}
