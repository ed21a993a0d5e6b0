package part

import (
	"errors"
	"fmt"
	"time"
)

// InvalidError says that only a change by the user can help. It is not retried.
type InvalidError struct {
	// Reason is a condition reason.
	Reason string
	// Message names the field, what is wrong with it, and the next step.
	Message string
}

func (e *InvalidError) Error() string { return e.Message }

// Invalid returns an InvalidError with a formatted message.
func Invalid(reason, format string, args ...any) error {
	return &InvalidError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// WaitingError says that something else has to happen first. It is tried again, without an error in the log.
type WaitingError struct {
	// Reason is a condition reason.
	Reason string
	// Message says what is awaited and what the user can do.
	Message string
	// After is when to look again; 0 when a watch will tell.
	After time.Duration
}

func (e *WaitingError) Error() string { return e.Message }

// Waiting returns a WaitingError with a formatted message.
func Waiting(reason string, after time.Duration, format string, args ...any) error {
	return &WaitingError{Reason: reason, After: after, Message: fmt.Sprintf(format, args...)}
}

// AsInvalid returns the InvalidError in the chain, or nil.
func AsInvalid(err error) *InvalidError {
	if invalid, ok := errors.AsType[*InvalidError](err); ok {
		return invalid
	}
	return nil
}

// AsWaiting returns the WaitingError in the chain, or nil.
func AsWaiting(err error) *WaitingError {
	if waiting, ok := errors.AsType[*WaitingError](err); ok {
		return waiting
	}
	return nil
}

// Join returns of several errors the one that tells the user most: the first that only the user can mend, else the first that
// waits, else all together; nil when there is none.
func Join(errs []error) error {
	for _, err := range errs {
		if AsInvalid(err) != nil {
			return err
		}
	}
	for _, err := range errs {
		if AsWaiting(err) != nil {
			return err
		}
	}
	return errors.Join(errs...)
}
