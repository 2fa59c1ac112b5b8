package gregortest

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// answerMetadata gives the code to each topic that was asked for, beside the
// cluster as it is: a client without brokers could not ask again. The code to
// look for the cluster anew stands at the top (KIP-1102).
func answerMetadata(q *request, code kafka.Error) (*answer, error) {
	var req msg.MetadataRequest
	version := q.head.Version
	if err := msg.Unmarshal(&req, q.body, version); err != nil {
		return nil, nil //nolint:nilerr // the broker says what is wrong with it
	}
	asked := req.Topics
	all := asked == nil || version == 0 && len(asked) == 0
	resp := msg.NewMetadataResponse()
	a := &answer{body: resp, version: version}
	switch {
	case code == kafka.ErrRebootstrapRequired && version >= 13:
		resp.ErrorCode = int16(code)
		return a, nil
	case !all && len(asked) == 0:
		return nil, nil
	case !all && version > 0:
		req.Topics = []msg.MetadataRequestTopic{} // the cluster alone
	}
	req.AllowAutoTopicCreation = false
	if err := q.executeAs(&req, resp); err != nil {
		return nil, err
	}
	for i := range resp.Topics { // of a request for all
		t := &resp.Topics[i]
		t.ErrorCode, t.Partitions = int16(code), nil
	}
	if !all {
		resp.Topics = each(asked, func(t *msg.MetadataRequestTopic) msg.MetadataResponseTopic {
			out := msg.NewMetadataResponseTopic()
			out.ErrorCode, out.Name, out.TopicId = int16(code), t.Name, t.TopicId
			return *out
		})
	}
	if all && len(resp.Topics) == 0 {
		return nil, nil
	}
	return a, nil
}

// executeAs has the broker execute another request in the place of this one.
func (q *request) executeAs(req msg.Request, resp msg.Response) error {
	frame := wire.AppendRequest(nil, q.head.Version, q.head.CorrelationID, string(q.head.ClientID), req)
	data, err := q.execute(frame[frameLength:])
	if err != nil {
		return err
	}
	return decode(data, q.head.Key, q.head.Version, resp)
}

// answerAPIVersions is read by a client that does not know yet what it can ask:
// for an unsupported version it gets version 0, with what there is of this key.
func answerAPIVersions(q *request, code kafka.Error) (*answer, error) {
	resp := msg.NewApiVersionsResponse()
	resp.ErrorCode = int16(code)
	a := &answer{body: resp, version: q.head.Version}
	if code == kafka.ErrUnsupportedVersion {
		known, _ := msg.Lookup(kafka.ApiVersions)
		a.version = 0
		resp.ApiKeys = []msg.ApiVersionsResponseApiVersion{{ApiKey: int16(kafka.ApiVersions), MinVersion: known.MinStable44, MaxVersion: known.MaxStable}}
	}
	if _, newest := resp.VersionRange(); a.version > newest {
		return nil, nil // the broker says that there is no such version
	}
	return a, nil
}

// answerDescribeLogDirs puts a failed disk into each directory, and everything
// else at the top; before version 3 there is no top.
func answerDescribeLogDirs(q *request, code kafka.Error) (*answer, error) {
	var req msg.DescribeLogDirsRequest
	if err := msg.Unmarshal(&req, q.body, q.head.Version); err != nil {
		return nil, nil //nolint:nilerr // the broker says what is wrong with it
	}
	resp := msg.NewDescribeLogDirsResponse()
	a := &answer{body: resp, version: q.head.Version}
	if q.head.Version >= 3 && code != kafka.ErrKafkaStorageError {
		resp.ErrorCode = int16(code)
		return a, nil
	}
	if err := q.executeAs(&req, resp); err != nil {
		return nil, err
	}
	for i := range resp.Results {
		d := &resp.Results[i]
		d.ErrorCode, d.Topics, d.TotalBytes, d.UsableBytes = int16(code), nil, -1, -1
	}
	return a, nil
}

func failElectLeaders(req *msg.ElectLeadersRequest, f failure) *msg.ElectLeadersResponse {
	resp := msg.NewElectLeadersResponse()
	resp.ErrorCode = f.number()
	resp.ReplicaElectionResults = each(req.TopicPartitions, func(t *msg.ElectLeadersRequestTopicPartitions) msg.ElectLeadersResponseReplicaElectionResult {
		return msg.ElectLeadersResponseReplicaElectionResult{Topic: t.Topic,
			PartitionResult: each(t.Partitions, func(p *int32) msg.ElectLeadersResponsePartitionResult {
				return msg.ElectLeadersResponsePartitionResult{PartitionId: *p, ErrorCode: f.number(), ErrorMessage: f.text()}
			})}
	})
	return resp
}

func failAlterPartitionReassignments(req *msg.AlterPartitionReassignmentsRequest, f failure) *msg.AlterPartitionReassignmentsResponse {
	resp := msg.NewAlterPartitionReassignmentsResponse()
	resp.ErrorCode, resp.ErrorMessage = f.number(), f.text()
	resp.Responses = each(req.Topics, func(t *msg.AlterPartitionReassignmentsRequestReassignableTopic) msg.AlterPartitionReassignmentsResponseReassignableTopicResponse {
		return msg.AlterPartitionReassignmentsResponseReassignableTopicResponse{Name: t.Name,
			Partitions: each(t.Partitions, func(p *msg.AlterPartitionReassignmentsRequestReassignablePartition) msg.AlterPartitionReassignmentsResponseReassignablePartitionResponse {
				return msg.AlterPartitionReassignmentsResponseReassignablePartitionResponse{PartitionIndex: p.PartitionIndex, ErrorCode: f.number(), ErrorMessage: f.text()}
			})}
	})
	return resp
}

func failListPartitionReassignments(_ *msg.ListPartitionReassignmentsRequest, f failure) *msg.ListPartitionReassignmentsResponse {
	resp := msg.NewListPartitionReassignmentsResponse()
	resp.ErrorCode, resp.ErrorMessage = f.number(), f.text()
	return resp
}

func failDescribeQuorum(_ *msg.DescribeQuorumRequest, f failure) *msg.DescribeQuorumResponse {
	resp := msg.NewDescribeQuorumResponse()
	resp.ErrorCode, resp.ErrorMessage = f.number(), f.text()
	return resp
}

func failUpdateFeatures(_ *msg.UpdateFeaturesRequest, f failure) *msg.UpdateFeaturesResponse {
	resp := msg.NewUpdateFeaturesResponse()
	resp.ErrorCode, resp.ErrorMessage = f.number(), f.text()
	return resp
}

func failDescribeCluster(req *msg.DescribeClusterRequest, f failure) *msg.DescribeClusterResponse {
	resp := msg.NewDescribeClusterResponse()
	resp.ErrorCode, resp.ErrorMessage, resp.EndpointType = f.number(), f.text(), req.EndpointType
	return resp
}
