package campaign

// UndisturbedError is of a run that went against an oracle although nothing was disturbed: there is nothing that plans could be
// compared with.
type UndisturbedError struct {
	// Plans is how the IDs of the plans begin that would have been compared with it.
	Plans string
	Err   error
}

func (e *UndisturbedError) Error() string { return e.Plans + ": " + e.Err.Error() }

func (e *UndisturbedError) Unwrap() error { return e.Err }
