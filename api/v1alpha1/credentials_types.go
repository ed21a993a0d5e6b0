package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Credentials says when the logins of the stacks that use a data service are replaced. Each stack goes from its login to another
// one by the rolling update of its components; the login before works until no pod uses it any more.
//
// +kubebuilder:validation:MinProperties=1
type Credentials struct {
	// rotateEvery is the age at which a login is replaced, from an hour (a rolling update has to fit) to ten years, as 720h or
	// 1h30m. Omitted: a login has no age.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}h)?([0-9]{1,7}m)?([0-9]{1,9}s)?$`
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1h') && duration(self) <= duration('87600h')",message="rotateEvery must be from 1h to 87600h (ten years)"
	// +optional
	RotateEvery string `json:"rotateEvery,omitempty"`

	// rotatedAt replaces every login that was made before this time, at once or when the time has come.
	// +optional
	RotatedAt *metav1.Time `json:"rotatedAt,omitempty"`

	// renewedAt renews the certificate, with its authority, if it was made before this time, at once or when the time has come.
	// That restarts the service. Whatever is said here, a certificate is renewed when a third of its ten years is left.
	// +optional
	RenewedAt *metav1.Time `json:"renewedAt,omitempty"`
}

// CertificateStatus tells of the certificate of a data service.
type CertificateStatus struct {
	// expiresAt is when the certificate that is served, and its authority, end.
	// +optional
	ExpiresAt *metav1.Time `json:"expiresAt,omitempty"`

	// renewal is how far its renewal has come: Trusting (stacks learn to trust the next authority beside this one), Serving (the
	// service goes to the next certificate), Leaving (stacks forget the authority before). Empty: none is under way.
	// +optional
	Renewal CertificateRenewal `json:"renewal,omitempty"`
}

// CertificateRenewal is how far the renewal of a certificate has come.
// +kubebuilder:validation:Enum=Trusting;Serving;Leaving
type CertificateRenewal string

// Steps of a renewal.
const (
	// RenewalTrusting says that stacks learn to trust the next authority beside the present one.
	RenewalTrusting CertificateRenewal = "Trusting"
	// RenewalServing says that the service goes to the next certificate.
	RenewalServing CertificateRenewal = "Serving"
	// RenewalLeaving says that stacks forget the authority before.
	RenewalLeaving CertificateRenewal = "Leaving"
)
