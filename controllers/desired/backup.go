package desired

import (
	"github.com/stackwright/stackwright/controllers/part"
	"github.com/stackwright/stackwright/controllers/resolve"
)

// Backup builds the objects of a StackBackup.
func Backup(plan *resolve.ServicePlan, owner Owner) (part.Output, error) {
	output, err := plan.Provider.Backup(plan.Service, owner.Object.GetName())
	if err != nil {
		return part.Output{}, err
	}
	stamp(owner, &output)
	return output, nil
}
