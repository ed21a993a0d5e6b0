module github.com/stackwright/stackwright/hack/demo

go 1.26.0
