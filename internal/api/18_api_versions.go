package api

import (
	"context"
	"regexp"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// softwareName is what a client's name and version must look like (KIP-511).
var softwareName = regexp.MustCompile(`^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$`)

func (h *Handlers) apiVersions(_ context.Context, call *Call, req *msg.ApiVersionsRequest) (*msg.ApiVersionsResponse, error) {
	resp := msg.NewApiVersionsResponse()
	if code := h.checkApiVersions(call, req); code != kafka.ErrNone {
		resp.ErrorCode = int16(code)
		return resp, nil
	}
	if call.Version >= 3 {
		call.SoftwareName, call.SoftwareVersion = req.ClientSoftwareName, req.ClientSoftwareVersion
	}
	resp.ApiKeys = h.advertised(call.Controller)
	h.features(resp, call.Version)
	return resp, nil
}

func (h *Handlers) checkApiVersions(call *Call, req *msg.ApiVersionsRequest) kafka.Error {
	if call.Version >= 5 && (req.ClusterId == nil) != (req.NodeId == -1) {
		return kafka.ErrInvalidRequest
	}
	if call.Version >= 3 && !(softwareName.MatchString(req.ClientSoftwareName) && softwareName.MatchString(req.ClientSoftwareVersion)) {
		return kafka.ErrInvalidRequest
	}
	// KIP-1242: the client says whom it means to talk to.
	if req.ClusterId != nil && (*req.ClusterId != h.ClusterID || kafka.NodeID(req.NodeId) != h.NodeID) {
		return kafka.ErrRebootstrapRequired
	}
	return kafka.ErrNone
}

// advertised is exactly what is served.
func (h *Handlers) advertised(controller bool) []msg.ApiVersionsResponseApiVersion {
	routes := h.table.all(controller)
	keys := make([]msg.ApiVersionsResponseApiVersion, len(routes))
	for i, r := range routes {
		keys[i] = msg.ApiVersionsResponseApiVersion{ApiKey: int16(r.key), MinVersion: r.min, MaxVersion: r.max}
	}
	return keys
}

// features fills in what the software supports and what the cluster has
// finalized. Before version 4 a supported feature that begins at level 0 is
// left out: older Java clients cannot read it (KAFKA-17492).
func (h *Handlers) features(resp *msg.ApiVersionsResponse, version int16) {
	for _, f := range h.Features {
		if version < 4 && f.Min == 0 {
			continue
		}
		resp.SupportedFeatures = append(resp.SupportedFeatures,
			msg.ApiVersionsResponseSupportedFeatureKey{Name: f.Name, MinVersion: f.Min, MaxVersion: f.Max})
	}
	img := h.Image()
	resp.FinalizedFeaturesEpoch = int64(img.Offset) - 1
	add := func(name string, level int16) {
		if level != 0 {
			resp.FinalizedFeatures = append(resp.FinalizedFeatures,
				msg.ApiVersionsResponseFinalizedFeatureKey{Name: name, MinVersionLevel: level, MaxVersionLevel: level})
		}
	}
	for name, level := range img.Features.All() {
		add(name, level)
	}
	if h.Quorum != nil {
		add(metadata.KRaftVersion, h.Quorum.Status().KRaftVersion)
	}
}

// unsupportedApiVersions answers a version that is not known in version 0,
// which every client reads (KIP-511).
func (s *Session) unsupportedApiVersions(dst []byte) Reply {
	r := s.h.table.find(kafka.ApiVersions, false)
	resp := msg.ApiVersionsResponse{
		ErrorCode: int16(kafka.ErrUnsupportedVersion),
		ApiKeys:   []msg.ApiVersionsResponseApiVersion{{ApiKey: int16(r.key), MinVersion: r.min, MaxVersion: r.max}},
	}
	// The response header of ApiVersions is the same in all versions.
	return Reply{Data: wire.AppendResponse(dst, kafka.ApiVersions, 0, s.call.CorrelationID, &resp)}
}
