package controller

import (
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// AlterClientQuotas answers *msg.AlterClientQuotasResponse: one entry for each
// entity.
func AlterClientQuotas(in Input, req *msg.AlterClientQuotasRequest) Result {
	resp := msg.NewAlterClientQuotasResponse()
	var records []metadata.Record
	for i := range req.Entries {
		e := &req.Entries[i]
		more, err := in.alterQuota(e)
		records = append(records, more...)
		code, text := codeAndText(err)
		out := msg.AlterClientQuotasResponseEntryData{ErrorCode: code, ErrorMessage: text}
		for _, part := range e.Entity {
			out.Entity = append(out.Entity, msg.AlterClientQuotasResponseEntityData(part))
		}
		resp.Entries = append(resp.Entries, out)
	}
	if req.ValidateOnly {
		return Result{Response: resp}
	}
	if err := tooMany(records); err != nil {
		return Result{Err: err}
	}
	return Result{Records: records, Response: resp}
}

func (in *Input) alterQuota(e *msg.AlterClientQuotasRequestEntryData) ([]metadata.Record, error) {
	entity, err := quotaEntity(e.Entity)
	if err != nil {
		return nil, err
	}
	if entity.IP.Set && (entity.User.Set || entity.ClientID.Set) {
		return nil, kafka.Errorf(kafka.ErrInvalidRequest,
			"Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId") //nolint:misspell // Kafka's sentence
	}
	if ip := entity.IP; ip.Set && !ip.Default && !plausibleHost(ip.Name) {
		return nil, kafka.Errorf(kafka.ErrInvalidRequest, "%s is not a valid IP or resolvable host.", ip.Name)
	}
	var records []metadata.Record
	for i, op := range e.Ops {
		if slices.ContainsFunc(e.Ops[:i], func(o msg.AlterClientQuotasRequestOpData) bool { return o.Key == op.Key }) {
			return nil, kafka.Errorf(kafka.ErrInvalidRequest, "Duplicate quota key %s not updating quota for this entity ClientQuotaEntity(entries={%s})", op.Key, describeQuota(e.Entity))
		}
		current, has := in.Image.Quotas.Get(entity, op.Key)
		record := &msg.ClientQuotaRecord{Entity: entity.Record(), Key: op.Key}
		switch {
		case op.Remove && !has:
			continue
		case op.Remove:
			record.Remove = true
		default:
			if err := checkQuota(entity, op.Key, op.Value); err != nil {
				return nil, err
			}
			if has && current == op.Value {
				continue
			}
			record.Value = op.Value
		}
		records = append(records, metadata.Record{Message: record})
	}
	return records, nil
}

func quotaEntity(parts []msg.AlterClientQuotasRequestEntityData) (metadata.QuotaEntity, error) {
	var entity metadata.QuotaEntity
	if len(parts) == 0 {
		return entity, kafka.Errorf(kafka.ErrInvalidRequest, "Invalid empty client quota entity")
	}
	for _, part := range parts {
		var field *metadata.QuotaName
		switch part.EntityType {
		case "user":
			field = &entity.User
		case "client-id":
			field = &entity.ClientID
		case "ip":
			field = &entity.IP
		default:
			return entity, kafka.Errorf(kafka.ErrInvalidRequest, "Unhandled client quota entity type: %s", part.EntityType)
		}
		switch {
		case field.Set:
			return entity, kafka.Errorf(kafka.ErrInvalidRequest,
				"Invalid client quota entity, duplicate entity entry %s", part.EntityType)
		case part.EntityName == nil:
			*field = metadata.QuotaName{Set: true, Default: true}
		case *part.EntityName == "":
			return entity, kafka.Errorf(kafka.ErrInvalidRequest, "Empty %s not supported", part.EntityType)
		default:
			*field = metadata.QuotaName{Set: true, Name: *part.EntityName}
		}
	}
	return entity, nil
}

// plausibleHost says whether name is an address, or could be a host's name.
// Kafka asks the resolver; a decision cannot.
func plausibleHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	numeric := strings.Trim(name, "0123456789.") == ""
	return !numeric && strings.IndexFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_')
	}) < 0
}

// checkQuota judges one limit.
func checkQuota(entity metadata.QuotaEntity, key string, value float64) error {
	most := 0.0
	switch {
	case entity.IP.Set && key == "connection_creation_rate":
		most = math.MaxInt32
	case !entity.IP.Set && (key == "producer_byte_rate" || key == "consumer_byte_rate"):
		most = math.MaxInt64
	case !entity.IP.Set && (key == "request_percentage" || key == "controller_mutation_rate"):
	default:
		return kafka.Errorf(kafka.ErrInvalidRequest, "Invalid configuration key %s", key)
	}
	switch {
	case value <= 0:
		return kafka.Errorf(kafka.ErrInvalidRequest, "Quota %s must be greater than 0", key)
	case most == 0:
	case value > most:
		kind := map[bool]string{true: "INT", false: "LONG"}[most == math.MaxInt32]
		article := map[bool]string{true: "an", false: "a"}[most == math.MaxInt32]
		return kafka.Errorf(kafka.ErrInvalidRequest, "Proposed value for %s is too large for %s %s.", key, article, kind)
	case math.Abs(math.Mod(value, 1)) > 1e-6:
		return kafka.Errorf(kafka.ErrInvalidRequest, "%s cannot be a fractional value.", key)
	}
	return nil
}

// describeQuota is an entity for a person.
func describeQuota(parts []msg.AlterClientQuotasRequestEntityData) string {
	var b strings.Builder
	for i, part := range parts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(part.EntityType)
		b.WriteByte('=')
		if part.EntityName != nil {
			b.WriteString(*part.EntityName)
		}
	}
	return b.String()
}
