package metadata

// Levels of metadata.version at which the form of a record changes, with the
// release that brought them. 4.4.0 finalises [LatestMetadataVersion].
const (
	MinMetadataVersion    int16 = 7  // 3.3-IV3: the oldest that KRaft clusters can have
	LatestMetadataVersion int16 = 33 // 4.4-IV2

	levelMigration   int16 = 8  // 3.4-IV0: ZooKeeper migration
	levelScram       int16 = 11 // 3.5-IV2: SCRAM credentials in the log
	levelNoBump      int16 = 12 // 3.6-IV0: a smaller ISR needs no new leader epoch (KAFKA-15021)
	levelTxn         int16 = 13 // 3.6-IV1: metadata transactions
	levelTokens      int16 = 14 // 3.6-IV2: delegation tokens in the log
	levelControllers int16 = 15 // 3.7-IV0: controllers register
	levelDirectories int16 = 17 // 3.7-IV2: directory ids of replicas (KIP-858)
	levelElr         int16 = 23 // 4.0-IV1: eligible leader replicas (KIP-966)
	levelCordoned    int16 = 30 // 4.3-IV0: cordoned log directories (KIP-1066)
)

// Level is a finalized metadata.version, from which follow the versions in
// which records are written.
type Level int16

// MetadataLevel is the image's metadata.version, and false before the first
// record set one.
func (img *Image) MetadataLevel() (Level, bool) {
	level := img.Features.Level(MetadataVersion)
	return Level(level), level > 0
}

// RegisterBroker is the version of RegisterBrokerRecord.
func (l Level) RegisterBroker() int16 {
	switch {
	case l.Cordoned():
		return 4
	case l.Directories():
		return 3
	case int16(l) >= levelMigration:
		return 2
	}
	return 1
}

// BrokerChange is the newest version of BrokerRegistrationChangeRecord.
func (l Level) BrokerChange() int16 {
	switch {
	case l.Cordoned():
		return 3
	case l.Directories():
		return 2
	}
	return 1
}

// Partition is the version of PartitionRecord and PartitionChangeRecord.
func (l Level) Partition() int16 {
	switch {
	case l.Elr():
		return 2
	case l.Directories():
		return 1
	}
	return 0
}

// Directories says whether replicas have directory ids.
func (l Level) Directories() bool { return int16(l) >= levelDirectories }

// Elr says whether partitions may have eligible leader replicas.
func (l Level) Elr() bool { return int16(l) >= levelElr }

// Cordoned says whether brokers tell which directories are cordoned.
func (l Level) Cordoned() bool { return int16(l) >= levelCordoned }

// Transactions says whether the log may have metadata transactions.
func (l Level) Transactions() bool { return int16(l) >= levelTxn }

// Controllers says whether controllers register themselves.
func (l Level) Controllers() bool { return int16(l) >= levelControllers }

// Scram says whether the log may have SCRAM credentials.
func (l Level) Scram() bool { return int16(l) >= levelScram }

// Tokens says whether the log may have delegation tokens.
func (l Level) Tokens() bool { return int16(l) >= levelTokens }

// ShrinkBumpsEpoch says whether a smaller ISR needs a new leader epoch, which
// brokers before 3.6 relied on.
func (l Level) ShrinkBumpsEpoch() bool { return int16(l) < levelNoBump }
