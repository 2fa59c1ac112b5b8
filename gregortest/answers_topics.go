package gregortest

import "github.com/gregor-stream/gregor/internal/msg"

func failCreateTopics(req *msg.CreateTopicsRequest, f failure) *msg.CreateTopicsResponse {
	resp := msg.NewCreateTopicsResponse()
	resp.Topics = each(req.Topics, func(t *msg.CreateTopicsRequestCreatableTopic) msg.CreateTopicsResponseCreatableTopicResult {
		out := msg.NewCreateTopicsResponseCreatableTopicResult()
		out.Name, out.ErrorCode, out.ErrorMessage = t.Name, f.number(), f.text()
		return *out
	})
	return resp
}

func failDeleteTopics(req *msg.DeleteTopicsRequest, f failure) *msg.DeleteTopicsResponse {
	resp := msg.NewDeleteTopicsResponse()
	if f.version < 6 {
		resp.Responses = each(req.TopicNames, func(name *string) msg.DeleteTopicsResponseDeletableTopicResult {
			return msg.DeleteTopicsResponseDeletableTopicResult{Name: name, ErrorCode: f.number(), ErrorMessage: f.text()}
		})
		return resp
	}
	resp.Responses = each(req.Topics, func(t *msg.DeleteTopicsRequestDeleteTopicState) msg.DeleteTopicsResponseDeletableTopicResult {
		return msg.DeleteTopicsResponseDeletableTopicResult{Name: t.Name, TopicId: t.TopicId, ErrorCode: f.number(), ErrorMessage: f.text()}
	})
	return resp
}

func failCreatePartitions(req *msg.CreatePartitionsRequest, f failure) *msg.CreatePartitionsResponse {
	resp := msg.NewCreatePartitionsResponse()
	resp.Results = each(req.Topics, func(t *msg.CreatePartitionsRequestCreatePartitionsTopic) msg.CreatePartitionsResponseCreatePartitionsTopicResult {
		return msg.CreatePartitionsResponseCreatePartitionsTopicResult{Name: t.Name, ErrorCode: f.number(), ErrorMessage: f.text()}
	})
	return resp
}

func failDescribeTopicPartitions(req *msg.DescribeTopicPartitionsRequest, f failure) *msg.DescribeTopicPartitionsResponse {
	resp := msg.NewDescribeTopicPartitionsResponse()
	resp.Topics = each(req.Topics, func(t *msg.DescribeTopicPartitionsRequestTopicRequest) msg.DescribeTopicPartitionsResponseTopic {
		out := msg.NewDescribeTopicPartitionsResponseTopic()
		out.Name, out.ErrorCode = &t.Name, f.number()
		return *out
	})
	return resp
}

func failDescribeConfigs(req *msg.DescribeConfigsRequest, f failure) *msg.DescribeConfigsResponse {
	resp := msg.NewDescribeConfigsResponse()
	resp.Results = each(req.Resources, func(r *msg.DescribeConfigsRequestDescribeConfigsResource) msg.DescribeConfigsResponseDescribeConfigsResult {
		return msg.DescribeConfigsResponseDescribeConfigsResult{
			ResourceType: r.ResourceType, ResourceName: r.ResourceName, ErrorCode: f.number(), ErrorMessage: f.text()}
	})
	return resp
}

func failAlterConfigs(req *msg.AlterConfigsRequest, f failure) *msg.AlterConfigsResponse {
	resp := msg.NewAlterConfigsResponse()
	resp.Responses = each(req.Resources, func(r *msg.AlterConfigsRequestAlterConfigsResource) msg.AlterConfigsResponseAlterConfigsResourceResponse {
		return msg.AlterConfigsResponseAlterConfigsResourceResponse{
			ResourceType: r.ResourceType, ResourceName: r.ResourceName, ErrorCode: f.number(), ErrorMessage: f.text()}
	})
	return resp
}

func failIncrementalAlterConfigs(req *msg.IncrementalAlterConfigsRequest, f failure) *msg.IncrementalAlterConfigsResponse {
	resp := msg.NewIncrementalAlterConfigsResponse()
	resp.Responses = each(req.Resources, func(r *msg.IncrementalAlterConfigsRequestAlterConfigsResource) msg.IncrementalAlterConfigsResponseAlterConfigsResourceResponse {
		return msg.IncrementalAlterConfigsResponseAlterConfigsResourceResponse{
			ResourceType: r.ResourceType, ResourceName: r.ResourceName, ErrorCode: f.number(), ErrorMessage: f.text()}
	})
	return resp
}

func failListConfigResources(_ *msg.ListConfigResourcesRequest, f failure) *msg.ListConfigResourcesResponse {
	resp := msg.NewListConfigResourcesResponse()
	resp.ErrorCode = f.number()
	return resp
}
