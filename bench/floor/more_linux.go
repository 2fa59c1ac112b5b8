package floor

const msgMore = 0x8000 // MSG_MORE
