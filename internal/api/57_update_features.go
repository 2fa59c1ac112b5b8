package api

import (
	"context"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (h *Handlers) updateFeatures(ctx context.Context, call *Call, req *msg.UpdateFeaturesRequest) (*msg.UpdateFeaturesResponse, error) {
	err := error(kafka.Errorf(kafka.ErrClusterAuthorizationFailed, "Cluster authorization failed."))
	if h.allowed(call, Alter, Cluster, ClusterName) {
		var resp *msg.UpdateFeaturesResponse
		resp, err = execute[*msg.UpdateFeaturesResponse](ctx, h, call, func(in controller.Input) controller.Result {
			return controller.UpdateFeatures(in, req, call.Version)
		})
		if err == nil {
			return resp, nil
		}
	}
	resp := msg.NewUpdateFeaturesResponse()
	resp.ErrorCode, resp.ErrorMessage = failure(err)
	return resp, nil
}
