package audit

import "encoding/json"

// SecretAnswers finds requests that could have shown a value of a Secret to who made them: he may see the values that he just
// sent, and no other.
func SecretAnswers(events []Event) []string {
	var problems []string
	for i := range events {
		event := &events[i]
		if event.ObjectRef == nil || event.ObjectRef.Resource != "secrets" {
			continue
		}
		sent, answered := secretIn(event.RequestObject), secretIn(event.ResponseObject)
		switch {
		case event.Verb != "create":
			problems = append(problems, "a request for Secrets that is no create: "+event.String())
		case event.Code() >= 400 && answered.Kind != "Status":
			problems = append(problems, "a refused create of a Secret was answered with "+answered.Kind+": "+event.String())
		case answered.Kind == "Secret" && len(answered.Data) != len(sent.Data)+len(sent.StringData):
			problems = append(problems, "a create of a Secret was answered with other keys: "+event.String())
		}
	}
	return problems
}

type secretContent struct {
	Kind       string            `json:"kind"`
	Data       map[string]string `json:"data"`
	StringData map[string]string `json:"stringData"`
}

func secretIn(object json.RawMessage) secretContent {
	var content secretContent
	_ = json.Unmarshal(object, &content) // what is no object has no content
	return content
}
