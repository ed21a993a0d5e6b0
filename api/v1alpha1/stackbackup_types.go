package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// StackBackup is one backup of one StackDatabase: making the object makes the backup, once. Deleting it deletes no data.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=sbk,categories=stackwright
// +kubebuilder:printcolumn:name="READY",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="REASON",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="DATABASE",type=string,JSONPath=`.spec.database.name`
// +kubebuilder:printcolumn:name="BYTES",type=integer,JSONPath=`.status.bytes`
// +kubebuilder:printcolumn:name="COMPLETED",type=date,JSONPath=`.status.completedAt`
// +kubebuilder:printcolumn:name="ARCHIVE",type=string,priority=1,JSONPath=`.status.archive`
// +kubebuilder:printcolumn:name="VERSION",type=string,priority=1,JSONPath=`.status.version`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= 52",message="metadata.name must be a DNS label that starts with a letter and has at most 52 characters, so that every child name fits its limit"
type StackBackup struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says of what the backup is.
	// +required
	Spec StackBackupSpec `json:"spec,omitzero"`

	// status is what was observed.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status StackBackupStatus `json:"status,omitzero"`
}

// StackBackupSpec says of what the backup is.
//
// +kubebuilder:validation:XValidation:rule="self.database == oldSelf.database",fieldPath=".database",message="database is immutable"
type StackBackupSpec struct {
	// database is backed up.
	// +required
	Database BackedUpDatabase `json:"database,omitzero"`
}

// BackedUpDatabase names a StackDatabase of the same namespace.
type BackedUpDatabase struct {
	// name of the StackDatabase.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=44
	// +required
	Name string `json:"name,omitempty"`
}

// StackBackupStatus is what was observed of a backup.
type StackBackupStatus struct {
	// conditions are Ready, Reconciling and Stalled. Ready means that the backup is complete and was read back.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that the status speaks of.
	// +kubebuilder:validation:Minimum=-1
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// archive is its name in the place of the backups.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Archive string `json:"archive,omitempty"`

	// location is the folder that the archive lies in: s3://<bucket>/<folders>, or volume://<claim> of the same namespace.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Location string `json:"location,omitempty"`

	// endpoint of the object store, as the class named it; empty for AWS and for a volume.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262
	// +optional
	Endpoint string `json:"endpoint,omitempty"`

	// engine of the database.
	// +optional
	Engine DatabaseEngine `json:"engine,omitempty"`

	// version of the engine that wrote it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Version string `json:"version,omitempty"`

	// bytes that it takes up.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Bytes *int64 `json:"bytes,omitempty"`

	// rows of all tables in it.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Rows *int64 `json:"rows,omitempty"`

	// sha256 of its manifest, which has those of its files.
	// +kubebuilder:validation:MinLength=64
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[0-9a-f]{64}$`
	// +optional
	SHA256 string `json:"sha256,omitempty"`

	// completedAt is when it was complete.
	// +optional
	CompletedAt *metav1.Time `json:"completedAt,omitempty"`
}

// StackBackupList is a list of StackBackups.
//
// +kubebuilder:object:root=true
type StackBackupList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []StackBackup `json:"items"`
}

// GetConditions returns the conditions of the backup's status.
func (s *StackBackup) GetConditions() *[]metav1.Condition { return &s.Status.Conditions }
