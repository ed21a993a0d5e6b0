module github.com/stackwright/stackwright/hack/images

go 1.26.0
