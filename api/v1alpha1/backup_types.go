package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// BackupTarget is where the backups of databases are kept, encrypted.
type BackupTarget struct {
	// volume keeps them in a claim <database>-backups beside each database. It outlives the database, but not its namespace.
	// +required
	Volume VolumeTarget `json:"volume,omitzero"`
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

	// retention is how many archives are kept, whoever asked for them. Omitted: all.
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

// BackupRetention is how many archives are kept.
type BackupRetention struct {
	// count of the newest archives that are kept. Older ones are removed when another one is complete, never before.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +required
	Count int32 `json:"count,omitempty"`
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
