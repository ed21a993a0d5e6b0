package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BackupTarget is where the backups of databases are kept, encrypted.
//
// +kubebuilder:validation:XValidation:rule="has(self.volume) != has(self.s3)",message="exactly one of volume and s3 is needed"
type BackupTarget struct {
	// volume keeps them in a claim <database>-backups beside each database. It outlives the database, but not its namespace.
	// +optional
	Volume *VolumeTarget `json:"volume,omitempty"`

	// s3 keeps them in a bucket of an object store, each database in a folder <prefix>/<namespace>/<database> of its own.
	// +optional
	S3 *S3Target `json:"s3,omitempty"`
}

// VolumeTarget is a claim for backups.
type VolumeTarget struct {
	// size of the claim of each database.
	// +required
	Size Capacity `json:"size,omitempty"`

	// storageClassName of the claims. Omitted: the stack class's default, else the cluster's.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	StorageClassName string `json:"storageClassName,omitempty"`
}

// S3Addressing is how a bucket is named in a request.
// +kubebuilder:validation:Enum=Path;VirtualHost
type S3Addressing string

// Ways to name a bucket.
const (
	// AddressingPath names it in the path: https://s3.example.com/bucket.
	AddressingPath S3Addressing = "Path"
	// AddressingVirtualHost names it in the host: https://bucket.s3.example.com.
	AddressingVirtualHost S3Addressing = "VirtualHost"
)

// S3Target is a bucket for backups. It has to exist: nobody makes one.
//
// +kubebuilder:validation:XValidation:rule="has(self.endpoint) || has(self.region)",message="at least one of endpoint and region is needed"
type S3Target struct {
	// bucket that the archives lie in.
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`
	// +required
	Bucket string `json:"bucket,omitempty"`

	// prefix that the folders lie under, without a slash at either end. Clusters that share a bucket need one each: two databases
	// of the same namespace and name would take each other's archives for their own. Omitted: the top of the bucket.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*$`
	// +optional
	Prefix string `json:"prefix,omitempty"`

	// endpoint of the server, https with an optional port. Omitted: that of AWS in the region.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262
	// +kubebuilder:validation:Pattern=`^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[1-9][0-9]{0,4})?$`
	// +optional
	Endpoint string `json:"endpoint,omitempty"`

	// region of the bucket. Omitted: us-east-1, which servers without regions take.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9][a-z0-9-]*$`
	// +optional
	Region string `json:"region,omitempty"`

	// addressing is how the bucket is named in a request. Omitted: Path where there is an endpoint, VirtualHost on AWS.
	// +optional
	Addressing S3Addressing `json:"addressing,omitempty"`

	// caBundle are the certificates in PEM that the server's is checked with, in the place of the public ones.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	// +optional
	CABundle string `json:"caBundle,omitempty"`

	// cidrs are the addresses of the server, for network policies. Omitted: where the endpoint's host is
	// <service>.<namespace>.svc, the pods of that namespace; otherwise every public address, on the endpoint's port.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +listType=set
	// +optional
	CIDRs []CIDR `json:"cidrs,omitempty"`

	// credentials are what the pods of backups show the server.
	// +required
	Credentials S3Credentials `json:"credentials,omitzero"`
}

// S3Credentials name an object that the platform team, or the tenant, puts into each namespace. The operator reads none of them:
// pods use them by name.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.secretName) != has(self.serviceAccountName)",message="exactly one of secretName and serviceAccountName is needed"
type S3Credentials struct {
	// secretName of a Secret in the database's namespace with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. It ends with
	// -backup-target: the policy on the operator's pods lets them mount no other Secret of yours.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?-backup-target$`
	// +optional
	SecretName string `json:"secretName,omitempty"`

	// serviceAccountName of a ServiceAccount in the database's namespace that the cloud gives an identity to, such as by the
	// annotation eks.amazonaws.com/role-arn. It ends with -backup-target, and its token for the API server is not mounted.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?-backup-target$`
	// +optional
	ServiceAccountName string `json:"serviceAccountName,omitempty"`
}

// DatabaseBackup makes backups by itself. They go on while the operator is away, and stop while the database is suspended.
type DatabaseBackup struct {
	// schedule is when, as five fields of cron (minute, hour, day, month, weekday) or as @hourly, @daily, @weekly, @monthly or
	// @yearly.
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^(@(hourly|daily|weekly|monthly|yearly)|[0-9*][0-9*,/-]*( [0-9*][0-9*,/-]*){2}( [0-9A-Za-z*][0-9A-Za-z*,/-]*){2})$`
	// +required
	Schedule string `json:"schedule,omitempty"`

	// timeZone of the schedule, such as Europe/Madrid. Omitted: that of the cluster's control plane, mostly UTC.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$`
	// +optional
	TimeZone string `json:"timeZone,omitempty"`

	// verify restores the newest archive into a throw-away server, and compares every table.
	// +optional
	Verify *BackupVerification `json:"verify,omitempty"`

	// retention is which archives are kept, whoever asked for them. Omitted: all.
	// +optional
	Retention *BackupRetention `json:"retention,omitempty"`
}

// BackupVerification says when the newest archive is tried.
type BackupVerification struct {
	// schedule is when, in the form and time zone of that of the backups.
	// +kubebuilder:validation:MinLength=5
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^(@(hourly|daily|weekly|monthly|yearly)|[0-9*][0-9*,/-]*( [0-9*][0-9*,/-]*){2}( [0-9A-Za-z*][0-9A-Za-z*,/-]*){2})$`
	// +required
	Schedule string `json:"schedule,omitempty"`
}

// BackupRetention is which archives are kept. An archive goes that either of the two bids go, when another one is complete and never
// before, so that the newest one stays whatever its age.
//
// +kubebuilder:validation:XValidation:rule="has(self.count) || has(self.maxAge)",message="at least one of count and maxAge is needed"
type BackupRetention struct {
	// count of the newest archives that are kept. Omitted: any number.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	Count int32 `json:"count,omitempty"`

	// maxAge is the age from which archives are removed, from an hour to ten years, as 720h or 1h30m. Omitted: any age.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}h)?([0-9]{1,7}m)?([0-9]{1,9}s)?$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('87600h')",message="maxAge must be from 1h to 87600h (ten years)"
	// +optional
	MaxAge string `json:"maxAge,omitempty"`
}

// DatabaseBootstrap says what a new database begins with.
type DatabaseBootstrap struct {
	// recovery begins with the content of a backup.
	// +required
	Recovery DatabaseRecovery `json:"recovery,omitzero"`
}

// DatabaseRecovery names what is restored.
type DatabaseRecovery struct {
	// backupRef names a StackBackup of the same namespace.
	// +required
	BackupRef BackupReference `json:"backupRef,omitzero"`
}

// BackupReference names a StackBackup.
type BackupReference struct {
	// name of the StackBackup.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`
}

// StackDatabaseStatus is what was observed of a database.
type StackDatabaseStatus struct {
	DataServiceStatus `json:",inline"`

	// lastBackup is the newest backup that is complete.
	// +optional
	LastBackup *BackupRecord `json:"lastBackup,omitempty"`

	// lastVerifiedRestore is the archive that was last restored for a try, with all its rows.
	// +optional
	LastVerifiedRestore *VerifiedRestore `json:"lastVerifiedRestore,omitempty"`
}

// VerifiedRestore tells of an archive that was restored for a try.
type VerifiedRestore struct {
	// archive is its name in the place of the backups.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Archive string `json:"archive,omitempty"`

	// completedAt is when that was done.
	// +required
	CompletedAt *metav1.Time `json:"completedAt,omitempty"`
}

// BackupRecord tells of one backup.
type BackupRecord struct {
	// name of the StackBackup.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`

	// completedAt is when it was complete.
	// +required
	CompletedAt *metav1.Time `json:"completedAt,omitempty"`
}
