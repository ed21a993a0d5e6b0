// Package policytest checks what the operator makes with the libraries that judge it in a cluster: Pod Security, a network
// policy evaluator, and kstatus. It is a module of its own, since they are heavy.
package policytest
