/* The text of the section. */
const char *AcmeMetadataText(void);
